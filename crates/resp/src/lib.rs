//! The Redis protocol, RESP2, RESP3 and inline: parse and write, no I/O.
//!
//! - [`parse`]: requests out of a growing query buffer, without copying arguments;
//! - [`reply`]: the [`Reply`] sink every command handler writes to;
//! - [`write`]: the sink that encodes RESP2 or RESP3 into an output buffer;
//! - [`read`]: replies as a client sees them, for tools and tests;
//! - [`words`]: quoting and unquoting of words in a line;
//! - [`double`]: floating-point numbers as the protocol prints them.
#![forbid(unsafe_code)]

pub mod double;
pub mod parse;
pub mod read;
pub mod reply;
pub mod words;
pub mod write;

pub use parse::{Limits, Parse, ProtocolError, Request, RequestParser, Span, whole_request};
pub use read::{ReadError, Value, read_value};
pub use reply::{Aggregate, Mark, Protocol, Reply};
pub use write::RespWriter;
