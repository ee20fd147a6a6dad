//! Handlers of the server's own commands: those that see clients, configuration or the whole server.
//!
//! One file per family. [`bind`] ties each record of the command table that leaves its handler to the server to the
//! function here; a test sees to it that none is missing.

mod client;
mod config;
mod connection;
mod debug;
mod digest;
mod function;
mod info;
mod lolwut;
mod memory;
mod monitor;
pub(crate) mod pubsub;
mod script;
mod script_stats;
mod server;
mod slowlog;
mod tracking;
pub(crate) mod transaction;

use commands::Command;

use crate::road::lookup::Planner;
use crate::road::run::ServerHandler;

/// A handler, and the lock planner of a command whose keys its record cannot tell.
pub(crate) type Binding = (Option<ServerHandler>, Option<Planner>);

/// Each family's handlers: container (or empty), name, binding.
type Family = &'static [(&'static str, &'static str, ServerHandler)];

const FAMILIES: &[Family] = &[
    client::HANDLERS,
    config::HANDLERS,
    connection::HANDLERS,
    debug::HANDLERS,
    function::HANDLERS,
    info::HANDLERS,
    lolwut::HANDLERS,
    memory::HANDLERS,
    monitor::HANDLERS,
    pubsub::HANDLERS,
    script::HANDLERS,
    script_stats::HANDLERS,
    server::HANDLERS,
    slowlog::HANDLERS,
    tracking::HANDLERS,
    transaction::HANDLERS,
];

const PLANNERS: &[&[(&str, Planner)]] = &[
    debug::PLANNERS,
    function::PLANNERS,
    script::PLANNERS,
    transaction::PLANNERS,
];

/// The handler and planner of a command or subcommand.
pub(crate) fn bind(container: Option<&'static Command>, command: &'static Command) -> Binding {
    let container = container.map_or("", |container| container.name);
    let handler = FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .find(|(of, name, _)| *of == container && *name == command.name)
        .map(|&(_, _, handler)| handler);
    let planner = PLANNERS
        .iter()
        .flat_map(|planners| planners.iter())
        .find(|(name, _)| container.is_empty() && *name == command.name)
        .map(|&(_, planner)| planner);
    (handler, planner)
}
