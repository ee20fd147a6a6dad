//! One lockable part of the keyspace, with the clients that watch or wait for its keys.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use types::Bytes;

use crate::changes::{Changes, ReadyKey};
use crate::database::Database;
use crate::event::Event;

/// The mark of a client's WATCH: set by the door when one of its keys changes.
#[derive(Debug, Default)]
pub struct Watch {
    changed: AtomicBool,
}

impl Watch {
    /// Whether a watched key has changed since WATCH.
    pub fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    pub(crate) fn mark(&self) {
        self.changed.store(true, Ordering::Release);
    }
}

/// Names a blocked client to whoever wakes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WaiterId(pub u64);

/// A key of a database: what clients watch and wait for.
pub(crate) type DatabaseKey = (usize, Bytes);

#[derive(Debug)]
pub(crate) struct Watcher {
    pub(crate) watch: Arc<Watch>,
    /// The key was there but past its time when WATCH came; its removal then is no change.
    pub(crate) was_expired: bool,
}

impl Watcher {
    /// Marks the watch, now or, if the change may yet be undone, when it is committed.
    fn note(&self, changes: &mut Changes) {
        match &mut changes.log {
            None => self.watch.mark(),
            Some(log) => log.watches.push(Arc::clone(&self.watch)),
        }
    }
}

/// Everything under one shard lock.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    pub(crate) databases: Vec<Database>,
    pub(crate) watchers: HashMap<DatabaseKey, Vec<Watcher>>,
    pub(crate) waiters: HashMap<DatabaseKey, VecDeque<WaiterId>>,
}

impl Shard {
    pub(crate) fn new(databases: usize) -> Shard {
        Shard {
            databases: (0..databases).map(|_| Database::default()).collect(),
            watchers: HashMap::new(),
            waiters: HashMap::new(),
        }
    }

    /// Whether any client watches or waits for any key here.
    #[inline]
    pub(crate) fn is_observed(&self) -> bool {
        !(self.watchers.is_empty() && self.waiters.is_empty())
    }

    /// Tells all who must know that a key's value changed.
    #[inline]
    pub(crate) fn note_change(&self, database: usize, key: &[u8], changes: &mut Changes) {
        if self.watchers.is_empty() {
            return;
        }
        if let Some(watchers) = self.watchers.get(&(database, Bytes::from(key))) {
            for watcher in watchers {
                watcher.note(changes);
            }
        }
    }

    /// As [`Shard::note_change`] for a key that expired: no change for those who watched it when it was past its time
    /// already.
    pub(crate) fn note_expired(&self, database: usize, key: &[u8], changes: &mut Changes) {
        if self.watchers.is_empty() {
            return;
        }
        if let Some(watchers) = self.watchers.get(&(database, Bytes::from(key))) {
            for watcher in watchers.iter().filter(|watcher| !watcher.was_expired) {
                watcher.note(changes);
            }
        }
    }

    /// Tells all who wait for a key that it is there now.
    #[inline]
    pub(crate) fn note_ready(&self, database: usize, key: &[u8], changes: &mut Changes) {
        if self.waiters.is_empty() {
            return;
        }
        let key = (database, Bytes::from(key));
        if self.waiters.contains_key(&key) {
            let ready = ReadyKey {
                database,
                key: key.1,
            };
            if !changes.ready.contains(&ready) {
                changes.ready.push(ready);
            }
        }
    }

    /// Marks the watches of a whole database's keys: those for which `counts` says it matters.
    pub(crate) fn note_database_change(
        &self,
        database: usize,
        changes: &mut Changes,
        counts: impl Fn(&Shard, &[u8], bool) -> bool,
    ) {
        for ((watched_database, key), watchers) in &self.watchers {
            if *watched_database == database {
                for watcher in watchers {
                    if counts(self, key, watcher.was_expired) {
                        watcher.note(changes);
                    }
                }
            }
        }
    }
}

/// Records an event if its class is switched on.
#[inline]
pub(crate) fn record_event(
    changes: &mut Changes,
    mask: u16,
    database: usize,
    event: Event,
    key: &[u8],
) {
    if mask & event.class.0 != 0 {
        changes.events.push(crate::changes::KeyEvent {
            database,
            event,
            key: Bytes::from(key),
        });
    }
}
