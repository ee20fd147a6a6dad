//! The road: every command takes it, wherever it comes from.
//!
//! ```text
//! look up ─► check ─► plan keys ─► lock ─► run handler ─► record effects ─► unlock
//! lookup.rs  check.rs  commands::keys  keyspace  run.rs      settle.rs
//! ```
//!
//! A command from a socket starts at [`session`](crate::session), which takes the locks of one command or of a whole
//! transaction; a script's `redis.call` comes in through [`script_host`](crate::script_host) under the locks of its
//! run. Both look up, check and run here, so a check exists once.

pub(crate) mod barrier;
pub(crate) mod check;
pub(crate) mod lookup;
pub(crate) mod run;
pub(crate) mod settle;

pub(crate) use check::{Origin, check};
pub(crate) use lookup::{Entry, lookup};
