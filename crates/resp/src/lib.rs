//! The Redis protocol, RESP2, RESP3 and inline: parse and write, no I/O.
#![forbid(unsafe_code)]
