//! The undo log: how to take back all that a unit has changed, exactly.
//!
//! While a unit keeps a log ([`Unit::begin_undo`]), everything that changes a key at the door puts down first what takes
//! the change back. [`Unit::undo`] works through the log from its end: then every key has its value, encoding, order of
//! elements, expiry and access record back, or is absent again, in every database. What others would have learnt of the
//! changes waits with it: marks for WATCH in the log, events and ready keys in [`Changes`](crate::Changes).
//! [`Unit::commit`] lets them go.
//!
//! What a record costs follows what was written, not the size of what was touched. A value that is replaced, removed or
//! flushed moves into the log. A compact value is copied before its first change, and then the log covers the key: its
//! further changes need no record. Of any other value each change is noted as its inverse ([`types::undo`]).

use std::sync::Arc;

use hashbrown::HashMap;
use types::{Bytes, Undo, Value};

use crate::changes::Changes;
use crate::database::Database;
use crate::entry::Entry;
use crate::lock::{Keyspace, ShardIndex};
use crate::shard::{DatabaseKey, Watch};
use crate::unit::Unit;

/// Up to so many records the log is searched from its end; then an index is kept.
const SEARCHED_MAX: usize = 12;

/// One change, as what takes it back.
#[derive(Debug)]
pub(crate) enum Record {
    /// The key came into being.
    Created(DatabaseKey),
    /// A compact value was changed; a copy of it before.
    Image(DatabaseKey, Value),
    /// The value was replaced by another.
    Replaced(DatabaseKey, Value),
    /// A value that is not compact was changed; the inverse of each change.
    Steps(DatabaseKey, Vec<Undo>),
    /// When the key expired before.
    Expiry(DatabaseKey, i64),
    /// The access record before.
    Access(DatabaseKey, u32),
    /// The key went.
    Removed(usize, Box<Entry>),
    /// The key got another name or database; what stood there before.
    Relocated {
        from: DatabaseKey,
        to: DatabaseKey,
        replaced: Option<Box<Entry>>,
    },
    /// A database was emptied in a shard.
    Flushed {
        database: usize,
        shard: ShardIndex,
        keys: Box<Database>,
    },
    /// Two databases changed places; with the flags of the watches on their keys before.
    Swapped {
        first: usize,
        second: usize,
        flags: Vec<(ShardIndex, DatabaseKey, Vec<bool>)>,
    },
}

/// All of a unit's changes since it began to keep a log.
#[derive(Debug, Default)]
pub(crate) struct UndoLog {
    records: Vec<Record>,
    size: LogSize,
    /// Whether the log covers a key, by database and key; kept once the log is long.
    covered: Option<HashMap<DatabaseKey, bool>>,
    /// To be marked on commit.
    pub(crate) watches: Vec<Arc<Watch>>,
    /// What the unit's record of changes held at the start.
    dirty: u64,
    expired: u64,
    events: usize,
    modified: usize,
    ready: usize,
    effects: usize,
}

/// What the log is known to take, as far as it was counted.
#[derive(Debug, Default)]
struct LogSize {
    /// Records counted, all but the last for good.
    records: usize,
    /// Steps counted of the last of them, to which more may be added.
    steps: usize,
    bytes: usize,
}

impl LogSize {
    /// Counts what was added since the last time.
    fn count(&mut self, records: &[Record]) {
        // A record may have been taken back.
        let from = self.records.min(records.len()).saturating_sub(1);
        for (index, record) in records.iter().enumerate().skip(from) {
            let is_new = index >= self.records;
            if is_new {
                self.bytes += size_of::<Record>() + record.heap_size();
                self.steps = 0;
            }
            if let Record::Steps(_, steps) = record {
                let added = steps.get(self.steps..).unwrap_or_default();
                self.bytes += size_of_val(added);
                self.bytes += added.iter().map(Undo::heap_size).sum::<usize>();
                self.steps = steps.len();
            }
        }
        self.records = records.len();
    }
}

impl Record {
    /// Heap bytes that were allocated for it, but for steps. A value that moved into it was there before and does not count.
    fn heap_size(&self) -> usize {
        match self {
            Record::Image(name, value) => name.1.heap_size() + value.heap_size(),
            Record::Created(name)
            | Record::Replaced(name, _)
            | Record::Steps(name, _)
            | Record::Expiry(name, _)
            | Record::Access(name, _) => name.1.heap_size(),
            Record::Relocated { from, to, .. } => from.1.heap_size() + to.1.heap_size(),
            Record::Removed(..) | Record::Flushed { .. } => 0,
            Record::Swapped { flags, .. } => {
                let one = |(_, name, flags): &(ShardIndex, DatabaseKey, Vec<bool>)| {
                    name.1.heap_size() + flags.capacity()
                };
                size_of_val(&**flags) + flags.iter().map(one).sum::<usize>()
            }
        }
    }
}

impl UndoLog {
    pub(crate) fn push(&mut self, record: Record) {
        if let Some(covered) = &mut self.covered {
            note_coverage(covered, &record);
        } else if self.records.len() == SEARCHED_MAX {
            let mut covered = HashMap::new();
            for record in self.records.iter().chain([&record]) {
                note_coverage(&mut covered, record);
            }
            self.covered = Some(covered);
        }
        self.records.push(record);
    }

    /// Puts down that a value was replaced as a whole.
    pub(crate) fn note_replaced(&mut self, database: usize, key: &[u8], old: Value) {
        if !self.covers(database, key) {
            self.push(Record::Replaced((database, Bytes::from(key)), old));
        }
    }

    /// Puts down that a key expires at another time.
    pub(crate) fn note_expiry(&mut self, database: usize, key: &[u8], before: i64, after: i64) {
        if before != after {
            self.push(Record::Expiry((database, Bytes::from(key)), before));
        }
    }

    /// Takes back the creation that was just put down.
    pub(crate) fn pop_creation(&mut self) {
        if let Some(Record::Created(name)) = self.records.pop()
            && let Some(covered) = &mut self.covered
        {
            covered.insert(name, false);
        }
    }

    /// Whether undoing what is in the log gives the key its value back, whatever else happens to the value.
    pub(crate) fn covers(&self, database: usize, key: &[u8]) -> bool {
        let is_it = |name: &DatabaseKey| name.0 == database && *name.1 == *key;
        if let Some(covered) = &self.covered {
            return covered
                .get(&(database, Bytes::from(key)))
                .copied()
                .unwrap_or(false);
        }
        for record in self.records.iter().rev() {
            match record {
                Record::Created(name) | Record::Image(name, _) | Record::Replaced(name, _)
                    if is_it(name) =>
                {
                    return true;
                }
                Record::Steps(name, _) if is_it(name) => return false,
                Record::Relocated { from, to, .. } if is_it(from) || is_it(to) => return false,
                Record::Removed(from, entry) if *from == database && *entry.key == *key => {
                    return false;
                }
                Record::Flushed { .. } | Record::Swapped { .. } => return false,
                _ => {}
            }
        }
        false
    }

    /// Where the inverses of the changes to a value go that starts to be changed; `None` if none are needed.
    pub(crate) fn steps_for(
        &mut self,
        database: usize,
        key: &Bytes,
        value: &Value,
    ) -> Option<&mut Vec<Undo>> {
        let is_last = matches!(
            self.records.last(),
            Some(Record::Steps(name, _)) if name.0 == database && name.1 == *key
        );
        if !is_last {
            if self.covers(database, key) {
                return None;
            }
            let name = (database, key.clone());
            if value.is_compact() {
                self.push(Record::Image(name, value.clone()));
                return None;
            }
            self.push(Record::Steps(name, Vec::new()));
        }
        match self.records.last_mut() {
            Some(Record::Steps(_, steps)) => Some(steps),
            _ => None,
        }
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

fn note_coverage(covered: &mut HashMap<DatabaseKey, bool>, record: &Record) {
    match record {
        Record::Created(name) | Record::Image(name, _) | Record::Replaced(name, _) => {
            covered.insert(name.clone(), true);
        }
        Record::Steps(name, _) => {
            covered.insert(name.clone(), false);
        }
        Record::Removed(database, entry) => {
            covered.insert((*database, entry.key.clone()), false);
        }
        Record::Relocated { from, to, .. } => {
            covered.insert(from.clone(), false);
            covered.insert(to.clone(), false);
        }
        Record::Flushed { .. } | Record::Swapped { .. } => covered.clear(),
        Record::Expiry(..) | Record::Access(..) => {}
    }
}

impl Changes {
    /// Puts down that a key came into being.
    #[inline]
    pub(crate) fn keep_created(&mut self, database: usize, key: &Bytes) {
        if let Some(log) = &mut self.log {
            log.push(Record::Created((database, key.clone())));
        }
    }

    /// Puts down that a key went; the entry if nobody wants to keep it.
    #[inline]
    pub(crate) fn keep_removed(&mut self, database: usize, entry: Entry) -> Option<Entry> {
        match &mut self.log {
            None => Some(entry),
            Some(log) => {
                log.push(Record::Removed(database, Box::new(entry)));
                None
            }
        }
    }
}

impl Unit<'_> {
    /// From now on puts down how to undo every change, until [`Unit::commit`] or [`Unit::undo`]. Without effect if the
    /// unit does so already.
    pub fn begin_undo(&mut self) {
        if self.changes.log.is_none() {
            // Who writes once mostly writes several times.
            const FEW: usize = 8;
            self.changes.log = Some(Box::new(UndoLog {
                records: Vec::with_capacity(FEW),
                dirty: self.changes.dirty,
                expired: self.changes.expired,
                events: self.changes.events.len(),
                modified: self.changes.modified.len(),
                ready: self.changes.ready.len(),
                effects: self
                    .changes
                    .effects
                    .as_ref()
                    .map_or(0, |effects| effects.len()),
                ..UndoLog::default()
            }));
        }
    }

    /// Whether changes can be undone. Until they are committed, nobody outside may learn of them: events, ready keys
    /// and the change count stay in [`Unit::changes`].
    pub fn keeps_undo(&self) -> bool {
        self.changes.log.is_some()
    }

    /// Bytes the undo log takes. What moved into it, rather than being copied or allocated for it, does not count. Takes
    /// time in proportion to what was added since the last call.
    pub fn undo_bytes(&mut self) -> usize {
        let Some(log) = &mut self.changes.log else {
            return 0;
        };
        log.size.count(&log.records);
        let covered = log.covered.as_ref().map_or(0, HashMap::capacity);
        // A slot of the index: its byte of control, the key and the value.
        log.size.bytes + covered * (1 + size_of::<(DatabaseKey, bool)>())
    }

    /// Whether there is anything to undo.
    pub fn can_undo(&self) -> bool {
        self.changes.log.as_ref().is_some_and(|log| !log.is_empty())
    }

    /// Lets all changes stand and forgets how to undo them: watches are marked now. What the log held of old values is
    /// handed to `dispose` if it is much, which may drop it elsewhere.
    pub fn commit(&mut self, dispose: &mut dyn FnMut(Box<dyn Send>)) {
        const DISPOSE_RECORDS: usize = 16;
        let Some(log) = self.changes.log.take() else {
            return;
        };
        for watch in &log.watches {
            watch.mark();
        }
        let is_big = |record: &Record| match record {
            Record::Replaced(_, value) => value.element_count() > DISPOSE_ELEMENTS,
            Record::Removed(_, entry) => entry.value.element_count() > DISPOSE_ELEMENTS,
            Record::Relocated { replaced, .. } => replaced.is_some(),
            Record::Flushed { .. } => true,
            _ => false,
        };
        if log.records.len() > DISPOSE_RECORDS || log.records.iter().any(is_big) {
            dispose(log);
        }
    }

    /// Takes back all changes since [`Unit::begin_undo`], in every database: the locked keys are as they were then.
    /// Events, ready keys, watch marks and change counts of these changes are forgotten; look-ups stay counted. What
    /// the changes made is handed to `dispose` if it is much, which may drop it elsewhere.
    pub fn undo(&mut self, dispose: &mut dyn FnMut(Box<dyn Send>)) {
        let Some(log) = self.changes.log.take() else {
            return;
        };
        let UndoLog {
            records,
            dirty,
            expired,
            events,
            modified,
            ready,
            effects,
            ..
        } = *log;
        for record in records.into_iter().rev() {
            self.undo_record(record, dispose);
        }
        self.changes.dirty = dirty;
        self.changes.expired = expired;
        self.changes.events.truncate(events);
        self.changes.modified.truncate(modified);
        self.changes.ready.truncate(ready);
        if let Some(record) = &mut self.changes.effects {
            record.truncate(effects);
        }
    }

    fn undo_record(&mut self, record: Record, dispose: &mut dyn FnMut(Box<dyn Send>)) {
        match record {
            Record::Created(name) => {
                if let Some(entry) = self.take_entry(&name)
                    && entry.value.element_count() > DISPOSE_ELEMENTS
                {
                    dispose(Box::new(entry));
                }
            }
            Record::Image(name, value) | Record::Replaced(name, value) => {
                if let Some(entry) = self.entry_mut(&name) {
                    let made = std::mem::replace(&mut entry.value, value);
                    if made.element_count() > DISPOSE_ELEMENTS {
                        dispose(Box::new(made));
                    }
                }
            }
            Record::Steps(name, steps) => {
                if let Some(entry) = self.entry_mut(&name) {
                    for step in steps.into_iter().rev() {
                        entry.value.undo(step);
                    }
                }
            }
            Record::Expiry(name, at) => {
                if let Some((database, place)) = self.place_of(&name) {
                    database.set_expiry(place, at);
                }
            }
            Record::Access(name, access) => {
                if let Some(entry) = self.entry_mut(&name) {
                    entry.access = access;
                }
            }
            Record::Removed(database, entry) => self.put_entry(database, *entry),
            Record::Relocated { from, to, replaced } => {
                if let Some(mut entry) = self.take_entry(&to) {
                    entry.hash = self.keyspace().hash(&from.1);
                    entry.key = from.1;
                    self.put_entry(from.0, entry);
                }
                if let Some(entry) = replaced {
                    self.put_entry(to.0, *entry);
                }
            }
            Record::Flushed {
                database,
                shard,
                keys,
            } => {
                let part = &mut self.shard_mut(shard).databases[database];
                let made = std::mem::replace(part, *keys);
                if made.table.len() > 0 {
                    dispose(Box::new(made));
                }
            }
            Record::Swapped {
                first,
                second,
                flags,
            } => {
                for shard in self.held_shards() {
                    self.shard_mut(shard).databases.swap(first, second);
                }
                for (shard, name, flags) in flags {
                    if let Some(watchers) = self.shard_mut(shard).watchers.get_mut(&name) {
                        for (watcher, was_expired) in watchers.iter_mut().zip(flags) {
                            watcher.was_expired = was_expired;
                        }
                    }
                }
            }
        }
    }

    /// Where a key is, expired or not.
    fn place_of(&mut self, name: &DatabaseKey) -> Option<(&mut Database, crate::table::Place)> {
        let hash = self.keyspace().hash(&name.1);
        let part = &mut self.shard_mut(Keyspace::shard_of(&name.1)).databases[name.0];
        let place = part.table.find(hash, &name.1)?;
        Some((part, place))
    }

    fn entry_mut(&mut self, name: &DatabaseKey) -> Option<&mut Entry> {
        self.place_of(name)
            .map(|(database, place)| database.table.get_mut(place))
    }

    fn take_entry(&mut self, name: &DatabaseKey) -> Option<Entry> {
        self.place_of(name)
            .map(|(database, place)| database.remove(place))
    }

    fn put_entry(&mut self, database: usize, entry: Entry) {
        let shard = Keyspace::shard_of(&entry.key);
        self.shard_mut(shard).databases[database].insert(entry);
    }
}

/// Values with more elements than this are freed elsewhere.
const DISPOSE_ELEMENTS: usize = 64;

/// A value that was under a key: the caller may have it freed elsewhere.
#[derive(Debug)]
pub struct Removed {
    /// `None` while the undo log keeps it.
    entry: Option<Entry>,
}

impl Removed {
    pub(crate) fn new(entry: Option<Entry>) -> Removed {
        Removed { entry }
    }

    /// How many elements are to be freed; 0 if the undo log keeps the value.
    pub fn element_count(&self) -> usize {
        self.entry
            .as_ref()
            .map_or(0, |entry| entry.value.element_count())
    }
}
