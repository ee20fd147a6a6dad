//! Commands of the server: their records stand here with all others, their handlers where sockets and clients are
//! known. HELP subcommands need only the table and are answered here.

pub(crate) mod connection;
mod memory;
pub(crate) mod operation;
pub(crate) mod pubsub;
pub(crate) mod scripting;
pub(crate) mod transactions;
