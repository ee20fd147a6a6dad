//! What a unit of work did, gathered at the door for those above.

use types::Bytes;

use crate::effect::EffectRecord;
use crate::event::{Event, EventClass};
use crate::undo::UndoLog;

/// A keyspace event that someone may subscribe to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// The database of the key.
    pub database: usize,
    /// What happened.
    pub event: Event,
    /// To which key.
    pub key: Bytes,
}

/// A key that came into being while a client was blocked on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadyKey {
    /// The database of the key.
    pub database: usize,
    /// The key.
    pub key: Bytes,
}

/// What whoever keeps copies of values has to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modification {
    /// A key's value, expiry or existence changed; which database it is in does not matter to those who listen.
    Key {
        /// The key.
        key: Bytes,
        /// Its time had come: nobody did it.
        is_expiry: bool,
    },
    /// Whole databases were emptied.
    Flush,
}

/// The record of one unit of work. The road drains it after each command and at the unit's end.
#[derive(Debug, Default)]
pub struct Changes {
    /// How many changes were made, as `rdb_changes_since_last_save` counts them.
    pub dirty: u64,
    /// Events whose class is switched on, in order.
    pub events: Vec<KeyEvent>,
    /// Keys that may let a blocked client go on, in order, without repeats.
    pub ready: Vec<ReadyKey>,
    /// What was modified, in order, if that is gathered ([`Settings::gather_modifications`](crate::Settings)).
    pub modified: Vec<Modification>,
    /// Look-ups for reading that found a key.
    pub hits: u64,
    /// Look-ups for reading that found none.
    pub misses: u64,
    /// Keys removed because their time had come.
    pub expired: u64,
    /// What the append-only file and replicas read of it, if anybody reads.
    pub effects: Option<Box<EffectRecord>>,
    /// How to undo what was changed, if the unit is to be all or nothing.
    pub(crate) log: Option<Box<UndoLog>>,
}

impl Changes {
    /// Puts down that a key was modified, if `mask` says that this is gathered.
    #[inline]
    pub(crate) fn note_modified(&mut self, mask: u16, key: &[u8], is_expiry: bool) {
        if mask & EventClass::MODIFICATION.0 != 0 {
            self.modified.push(Modification::Key {
                key: Bytes::from(key),
                is_expiry,
            });
        }
    }

    /// Puts down that a database was emptied. One command that empties several is one flush.
    pub(crate) fn note_flush(&mut self, mask: u16) {
        let is_gathered = mask & EventClass::MODIFICATION.0 != 0;
        if is_gathered && self.modified.last() != Some(&Modification::Flush) {
            self.modified.push(Modification::Flush);
        }
    }
}
