//! The commands: what is known of each as data, and one file per family of handlers.
//!
//! A handler is a function of a [`Context`]: it reads its arguments, works on keys through the unit of work, and writes
//! its reply to the sink. It knows nothing of sockets and clients, of time but the unit's frozen clock, of who called
//! it, or of what follows from a change: that is the door's affair.
#![forbid(unsafe_code)]

pub mod argument;
mod bitmap;
mod context;
mod error;
mod generic;
mod hash;
mod help;
mod introspection;
pub mod keys;
mod list;
pub mod record;
mod run;
mod scan;
mod server;
mod set;
mod string;
pub mod syntax;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod undo_tests;
mod zset;

pub use context::{BlockRequest, Context, Random, Refusal, Settings};
pub use error::{CommandError, CommandResult};
pub use record::{Command, Handler};
pub use table::{commands, is_container, lookup, lookup_subcommand, numbered};
