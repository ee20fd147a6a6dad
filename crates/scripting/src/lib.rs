//! Scripting: EVAL and its kin, above the Lua engine and below the server.
//!
//! - [`ScriptCache`]: scripts by text and SHA1, compiled once for all threads;
//! - [`Machine`]: a VM with the sandbox, which runs one script after the other, in slices;
//! - [`ScriptHost`]: what a running script may ask of the server.
#![forbid(unsafe_code)]

mod arguments;
mod cache;
mod convert;
mod field_names;
mod host;
mod key_use;
mod machine;
mod redis_api;
mod sandbox;
mod script;
mod shebang;
mod sink;

pub use cache::{Flushed, ScriptCache, sha1_hex};
pub use host::{LogLevel, ScriptHost, Verdict};
pub use machine::{Interrupt, Machine, Progress};
pub use script::{KeyUse, Script, ScriptError};
pub use shebang::ScriptFlags;
