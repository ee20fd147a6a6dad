//! What event loops tell each other, beside bytes for clients.

use keyspace::WaiterId;

/// A message to an event loop or to a session on it.
#[derive(Debug)]
pub(crate) enum Message {
    /// To a blocked client: it was served, this is its reply.
    Served {
        waiter: WaiterId,
        reply: Vec<u8>,
        closes: bool,
    },
    /// To a blocked client: a key is ready, but the locks its command needs were not to be had. It runs again.
    Retry { waiter: WaiterId },
    /// To a blocked client, by CLIENT UNBLOCK: as if the time were over, or with an error.
    Unblock { waiter: WaiterId, with_error: bool },
    /// To an event loop: somebody released locks that a command here may be waiting for.
    LocksReleased,
}

/// What a blocked client gets when its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnTimeout {
    /// A null array, whatever the command.
    NullArray,
    /// An integer: WAIT's count of replicas.
    Integer(i64),
}
