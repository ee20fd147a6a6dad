//! Sockets, event loops, sessions, the road from command to reply, config, pub/sub, INFO.
//!
//! ```text
//! worker 0 … n:  net ─► worker ─► session ─► road ─► handlers here and in `commands`
//!                                    └─► script_run ─► scripting ─► script_host ─► road
//! ```
//!
//! [`run`] starts the server: configuration, sockets, one event loop per thread. What all loops share is in
//! [`server::Server`]; each has a [`worker::Worker`] of its own. Lock order: shards ascending, then registries
//! (pub/sub, clients, monitors, blocked clients), then mailboxes. No lock but a shard's is held while a command runs.
#![forbid(unsafe_code)]

mod atomicity;
mod blocking;
mod call_sites;
mod client;
mod concerns;
pub mod config;
mod debug_command;
mod debugging;
mod effects;
mod execution;
mod few_locks;
mod handlers;
mod known_code;
pub mod log;
mod look_ahead;
mod machines;
mod memory;
mod memory_report;
mod message;
mod monitor;
pub mod net;
mod private_copy;
mod pubsub;
mod redaction;
mod road;
mod running;
mod script_call;
mod script_host;
mod script_run;
mod script_tally;
mod server;
mod session;
mod slowlog;
mod start;
mod stats;
mod tracking;
mod transaction;
mod worker;

pub use start::run;
