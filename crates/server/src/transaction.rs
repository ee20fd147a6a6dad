//! MULTI: the queue of a transaction and the keys it watches.

use std::sync::Arc;

use keyspace::Watch;
use types::Bytes;

use crate::road::Entry;

/// A command's arguments, kept beyond the query buffer they came in.
pub(crate) type OwnedArgs = Vec<Bytes>;

/// A queued command.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) entry: &'static Entry,
    pub(crate) args: OwnedArgs,
}

/// A client's transaction, open or not.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// Whether MULTI was called.
    pub(crate) open: bool,
    /// A command could not be queued: EXEC will refuse.
    pub(crate) failed: bool,
    pub(crate) queue: Vec<Queued>,
    pub(crate) watch: Option<Watching>,
}

/// The keys a client watches.
#[derive(Debug)]
pub(crate) struct Watching {
    pub(crate) watch: Arc<Watch>,
    pub(crate) keys: Vec<(usize, Bytes)>,
}

impl Transaction {
    /// Whether there is anything of a transaction: it is open, or keys are watched.
    pub(crate) fn is_in_use(&self) -> bool {
        self.open || self.failed || !self.queue.is_empty() || self.watch.is_some()
    }

    /// Ends the transaction; the watch stays to be taken off.
    pub(crate) fn reset(&mut self) -> Vec<Queued> {
        self.open = false;
        self.failed = false;
        std::mem::take(&mut self.queue)
    }
}
