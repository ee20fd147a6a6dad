//! Sockets, event loops, sessions, the road from command to reply, config, pub/sub, INFO.
#![forbid(unsafe_code)]

pub mod config;
pub mod log;
pub mod net;
