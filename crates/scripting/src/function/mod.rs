//! Functions: libraries of Lua code that stay on the server and are called by name.
//!
//! - [`header`]: the first line of a library, which names it;
//! - [`library`]: a library as all threads share it, and how its code is run once to learn its functions;
//! - [`registration`]: the world of a library's code while it is loaded, and `redis.register_function`;
//! - [`libraries`]: all libraries, changed as a whole;
//! - [`payload`]: what FUNCTION DUMP gives and FUNCTION RESTORE takes.

pub mod header;
pub(crate) mod libraries;
pub(crate) mod library;
pub mod payload;
pub(crate) mod registration;
#[cfg(test)]
mod tests;
