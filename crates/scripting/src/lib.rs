//! Scripting: EVAL and its kin, above the Lua engine and below the server.
//!
//! - [`ScriptCache`]: scripts by text and SHA1, compiled once for all threads;
//! - [`Libraries`]: the libraries of functions;
//! - [`Machine`]: a VM with the sandbox, which runs one script after the other, in slices;
//! - [`RunStats`]: what is counted of the runs of each script and function;
//! - [`ScriptHost`]: what a running script may ask of the server.
#![forbid(unsafe_code)]

mod arguments;
mod cache;
mod code;
mod convert;
mod debugger;
mod field_names;
pub mod function;
mod histogram;
mod host;
mod key_use;
mod machine;
mod redis_api;
mod run_stats;
mod sandbox;
mod script;
mod shebang;
mod sink;
mod widening;

pub use cache::{Flushed, ScriptCache, sha1_hex};
pub use code::Code;
pub use debugger::DebugStep;
pub use function::libraries::{Change, Libraries, MakeMachine, Registry, RestorePolicy};
pub use function::library::{Function, Library, LibraryError, LoadedLibrary, LogLine};
pub use host::{Called, Failure, LogLevel, ScriptHost, Verdict};
pub use machine::{Interrupt, Machine, Progress, World};
pub use run_stats::{RunRecord, RunStats, RunSummary};
pub use script::{KeyUse, Script, ScriptError};
pub use shebang::ScriptFlags;
pub use widening::Widening;
