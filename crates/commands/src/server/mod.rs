//! Commands of the server: their records stand here with all others, their handlers where sockets and clients are
//! known.

pub(crate) mod connection;
pub(crate) mod operation;
pub(crate) mod pubsub;
pub(crate) mod scripting;
pub(crate) mod transactions;
