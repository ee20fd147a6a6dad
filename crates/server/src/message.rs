//! What event loops tell each other.

use std::sync::Arc;

use commands::TimeoutReply;
use keyspace::WaiterId;

use crate::client::ClientId;

/// A message to an event loop.
#[derive(Debug)]
pub(crate) enum Message {
    /// Bytes for a client beside its replies: a published message, a line of MONITOR.
    Deliver { client: ClientId, bytes: Arc<[u8]> },
    /// A blocked client was served: its reply.
    Served { client: ClientId, waiter: WaiterId, reply: Vec<u8>, closes: bool },
    /// A key of a blocked client is ready, but the locks its command needs were not to be had: run it again.
    Retry { client: ClientId, waiter: WaiterId },
    /// CLIENT UNBLOCK: as if the time were over, or with an error.
    Unblock { client: ClientId, waiter: WaiterId, with_error: bool },
    /// CLIENT KILL.
    Kill { client: ClientId },
    /// Somebody released locks that a command here may be waiting for.
    LocksReleased,
    /// The configuration has changed.
    ConfigChanged,
    /// The server ends.
    Shutdown,
}

/// What a blocked client gets when its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnTimeout {
    /// A null of this form.
    Null(TimeoutReply),
    /// An integer: WAIT's count of replicas.
    Integer(i64),
}
