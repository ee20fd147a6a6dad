//! One atomic unit of work: a command, a transaction, a script's run.

use types::{Bytes, Value};

use crate::changes::Changes;
use crate::database::Database;
use crate::edit::{Edit, Origin};
use crate::entry::{
    AccessPolicy, Entry, LFU_INITIAL, NEVER, ObjectInfo, kept_expiry, lfu_decayed, lfu_touched,
};
use crate::event::{Event, EventClass};
use crate::guards::{Guards, Recent};
use crate::kind::{Kind, WrongType};
use crate::lock::{KeptLock, Keyspace, LockPlan, Patience, SHARD_COUNT, ShardIndex};
use crate::shard::{Shard, record_event};
use crate::table::Place;
use crate::undo::{Record, Removed};

/// What becomes of a key's expiry when its value is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The new value never expires.
    Clear,
    /// The new value keeps the old one's expiry.
    Keep,
    /// The new value expires at this Unix time, in milliseconds.
    At(i64),
}

/// The locks a piece of work holds, its frozen clock, its selected database, and the record of what it changed.
///
/// Keys outside the locked shards must not be touched: the road plans the locks from the command's key specs, and a
/// handler names only keys that it got as arguments. [`Unit::covers`] and [`Unit::try_extend`] are for units that run
/// several commands.
///
/// Dropping the unit releases the locks.
pub struct Unit<'k> {
    guards: Guards<'k>,
    scope: Scope<'k>,
    recent: Recent,
    /// What this unit did so far.
    pub changes: Changes,
}

/// What a unit works in. Apart from the locks, so that it can be read while a shard is on loan.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'k> {
    keyspace: &'k Keyspace,
    pub(crate) database: usize,
    pub(crate) now_ms: i64,
    now_seconds: u32,
    pub(crate) notify_mask: u16,
    touches: bool,
}

impl Scope<'_> {
    /// Records an access to an entry.
    #[inline(always)]
    fn touch(&self, entry: &mut Entry, changes: &mut Changes) {
        if !self.touches {
            return;
        }
        let settings = &self.keyspace.settings;
        let access = match settings.access_policy() {
            AccessPolicy::Lru => self.now_seconds,
            AccessPolicy::Lfu => lfu_touched(
                entry.access,
                self.now_ms,
                settings.lfu(),
                self.keyspace.random(),
            ),
        };
        if access != entry.access {
            self.note_access(entry, changes, access);
        }
    }

    #[cold]
    fn note_access(&self, entry: &mut Entry, changes: &mut Changes, access: u32) {
        let before = std::mem::replace(&mut entry.access, access);
        if let Some(log) = &mut changes.log {
            log.push(Record::Access((self.database, entry.key.clone()), before));
        }
    }

    /// The access record of a new entry.
    fn new_access(&self) -> u32 {
        match self.keyspace.settings.access_policy() {
            AccessPolicy::Lru => self.now_seconds,
            AccessPolicy::Lfu => {
                ((self.now_ms / 60_000) as u32 & 0x00ff_ffff) << 8 | u32::from(LFU_INITIAL)
            }
        }
    }

    fn new_entry(&self, key: &[u8], hash: u32, value: Value, expire_at: i64) -> Entry {
        Entry {
            key: Bytes::from(key),
            value,
            expire_at,
            hash,
            access: self.new_access(),
        }
    }

    /// Puts a value that never expires under a key that is not there.
    fn add(
        &self,
        shard: &mut Shard,
        changes: &mut Changes,
        key: &[u8],
        hash: u32,
        value: Value,
    ) -> Place {
        let entry = self.new_entry(key, hash, value, NEVER);
        changes.keep_created(self.database, &entry.key);
        shard.databases[self.database].insert(entry)
    }

    /// Finds a key that is there and has not expired; removes it if it has. `recent` is where it may be.
    ///
    /// # Errors
    /// The key's hash, if it is not there.
    #[inline(always)]
    fn locate(
        &self,
        shard: &mut Shard,
        changes: &mut Changes,
        recent: &mut Place,
        key: &[u8],
    ) -> Result<Place, u32> {
        let table = &shard.databases[self.database].table;
        let place = if table.holds(*recent, key) {
            *recent
        } else {
            let hash = self.keyspace.hash(key);
            let place = table.find(hash, key).ok_or(hash)?;
            *recent = place;
            place
        };
        if table.get(place).is_expired(self.now_ms) {
            self.expire(shard, changes, self.database, place);
            return Err(self.keyspace.hash(key));
        }
        Ok(place)
    }

    /// The same of a key that is to be changed: counts the access, and sees to it that it holds the type `T`.
    #[inline(always)]
    fn locate_kind<T: Kind>(
        &self,
        shard: &mut Shard,
        changes: &mut Changes,
        recent: &mut Place,
        key: &[u8],
    ) -> Result<Result<Place, WrongType>, u32> {
        let place = self.locate(shard, changes, recent, key)?;
        let entry = shard.databases[self.database].table.get_mut(place);
        self.touch(entry, changes);
        Ok(match T::of(&entry.value) {
            Some(_) => Ok(place),
            None => Err(WrongType),
        })
    }

    /// Removes a key whose time has come.
    #[cold]
    fn expire(&self, shard: &mut Shard, changes: &mut Changes, database: usize, place: Place) {
        let entry = shard.databases[database].remove(place);
        changes.expired += 1;
        if let Some(effects) = &mut changes.effects {
            effects.push(database, [b"DEL".as_slice(), &entry.key]);
        }
        shard.note_expired(database, &entry.key, changes);
        changes.note_modified(self.notify_mask, &entry.key, true);
        record_event(
            changes,
            self.notify_mask,
            database,
            Event::EXPIRED,
            &entry.key,
        );
        changes.keep_removed(database, entry);
    }

    /// Counts a look-up that found nothing.
    fn note_miss(&self, changes: &mut Changes, key: &[u8]) {
        changes.misses += 1;
        let (mask, database) = (self.notify_mask, self.database);
        record_event(changes, mask, database, Event::KEY_MISS, key);
    }

    /// All that follows from the creation of a key.
    pub(crate) fn note_created(&self, shard: &Shard, changes: &mut Changes, key: &[u8]) {
        record_event(changes, self.notify_mask, self.database, Event::NEW, key);
        shard.note_ready(self.database, key, changes);
    }

    /// All that follows from a change of a key.
    #[inline]
    pub(crate) fn settle(
        &self,
        shard: &mut Shard,
        changes: &mut Changes,
        key: &[u8],
        event: Event,
        count: u64,
    ) {
        changes.dirty += count;
        shard.note_change(self.database, key, changes);
        changes.note_modified(self.notify_mask, key, false);
        record_event(changes, self.notify_mask, self.database, event, key);
    }
}

impl<'k> Unit<'k> {
    #[inline(always)]
    pub(crate) fn new(
        keyspace: &'k Keyspace,
        guards: Guards<'k>,
        database: usize,
        now_ms: i64,
    ) -> Unit<'k> {
        let notify_mask = keyspace.settings.gathered();
        Unit {
            guards,
            scope: Scope {
                keyspace,
                database,
                now_ms,
                now_seconds: (now_ms / 1000) as u32,
                notify_mask,
                touches: true,
            },
            recent: Recent::default(),
            changes: Changes::default(),
        }
    }

    // ---- the unit itself -------------------------------------------------------------------------------------------

    /// The keyspace the unit works on.
    pub fn keyspace(&self) -> &'k Keyspace {
        self.scope.keyspace
    }

    /// The unit's frozen clock: Unix time in milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.scope.now_ms
    }

    /// Moves the clock, between the commands of a unit that is not frozen.
    pub fn set_now_ms(&mut self, now_ms: i64) {
        self.scope.now_ms = now_ms;
        self.scope.now_seconds = (now_ms / 1000) as u32;
    }

    /// The selected database.
    pub fn database(&self) -> usize {
        self.scope.database
    }

    /// Selects a database; the caller has checked that it exists.
    pub fn select(&mut self, database: usize) {
        assert!(
            database < self.scope.keyspace.database_count(),
            "database index out of range"
        );
        self.scope.database = database;
    }

    /// Whether look-ups count as accesses for LRU and LFU (CLIENT NO-TOUCH). On at the start.
    pub fn set_touches(&mut self, touches: bool) {
        self.scope.touches = touches;
    }

    /// Takes the unit's lock for the next one, if it is just one. The changes have been settled; nothing more follows.
    #[inline]
    pub fn take_lock(&mut self) -> Option<KeptLock<'k>> {
        match self.guards {
            Guards::One(..) => match std::mem::replace(&mut self.guards, Guards::None) {
                Guards::One(shard, guard) => Some(KeptLock { shard, guard }),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the unit gathers what it modifies.
    #[inline]
    pub fn gathers_modifications(&self) -> bool {
        self.scope.notify_mask & EventClass::MODIFICATION.0 != 0
    }

    /// Whether the unit holds all locks of `plan`.
    pub fn covers(&self, plan: &LockPlan) -> bool {
        match (plan, &self.guards) {
            (LockPlan::None, _) | (_, Guards::All(_)) => true,
            (LockPlan::All, _) => false,
            (LockPlan::Shards(shards), _) => shards.iter().all(|&shard| self.holds(shard)),
        }
    }

    /// The locks the unit holds.
    pub fn plan(&self) -> LockPlan {
        match &self.guards {
            Guards::None => LockPlan::None,
            Guards::One(shard, _) => LockPlan::Shards(std::iter::once(*shard).collect()),
            Guards::Some(held) => LockPlan::Shards(held.iter().map(|&(shard, _)| shard).collect()),
            Guards::All(_) => LockPlan::All,
        }
    }

    /// Whether the unit holds every lock, so that it may touch any key.
    pub fn covers_all(&self) -> bool {
        matches!(self.guards, Guards::All(_))
    }

    /// Whether the unit holds no lock at all.
    pub fn covers_none(&self) -> bool {
        matches!(self.guards, Guards::None)
    }

    /// Whether the unit holds the lock of this shard.
    pub fn covers_shard(&self, shard: ShardIndex) -> bool {
        self.holds(shard)
    }

    /// Takes the missing locks of `plan`, one after the other; false as soon as one is not free right now. Trying cannot
    /// deadlock; waiting could.
    pub fn try_extend(&mut self, plan: &LockPlan) -> bool {
        let mut patience = Patience::default();
        match plan {
            LockPlan::None => true,
            LockPlan::Shards(shards) => shards
                .iter()
                .all(|&shard| self.try_extend_by(shard, &mut patience)),
            LockPlan::All => {
                self.covers_all()
                    || (0..SHARD_COUNT as ShardIndex)
                        .all(|shard| self.try_extend_by(shard, &mut patience))
            }
        }
    }

    /// Takes the lock of a shard, unless it is held already, if it is free right now.
    fn try_extend_by(&mut self, shard: ShardIndex, patience: &mut Patience) -> bool {
        /// Who needs more locks than declared mostly needs several.
        const FEW: usize = 8;
        let place = match &self.guards {
            Guards::All(_) => return true,
            Guards::One(held, _) if *held == shard => return true,
            Guards::None => 0,
            Guards::One(held, _) => usize::from(*held < shard),
            Guards::Some(held) => match held.binary_search_by_key(&shard, |&(index, _)| index) {
                Ok(_) => return true,
                Err(place) => place,
            },
        };
        let Some(guard) = self.scope.keyspace.try_shard(shard, patience) else {
            return false;
        };
        // Who began to listen before this lock was free is to hear of what happens under it.
        let gathered = self.scope.keyspace.settings.gathered();
        self.scope.notify_mask |= gathered & EventClass::MODIFICATION.0;
        let mut held = match std::mem::replace(&mut self.guards, Guards::None) {
            Guards::None => {
                self.guards = Guards::One(shard, guard);
                return true;
            }
            Guards::One(first, only) => {
                let mut held = Vec::with_capacity(FEW);
                held.push((first, only));
                held
            }
            Guards::Some(held) => held,
            Guards::All(_) => unreachable!("all locks cover every shard"),
        };
        held.insert(place, (shard, guard));
        self.guards = if held.len() == SHARD_COUNT {
            Guards::All(held.into_iter().map(|(_, guard)| guard).collect())
        } else {
            Guards::Some(held)
        };
        true
    }

    /// What the unit gathers.
    pub(crate) fn gathered(&self) -> u16 {
        self.scope.notify_mask
    }

    pub(crate) fn holds(&self, shard: ShardIndex) -> bool {
        match &self.guards {
            Guards::None => false,
            Guards::One(held, _) => *held == shard,
            Guards::Some(held) => held
                .binary_search_by_key(&shard, |&(index, _)| index)
                .is_ok(),
            Guards::All(_) => true,
        }
    }

    pub(crate) fn shard(&self, shard: ShardIndex) -> &Shard {
        self.guards.shard(shard)
    }

    pub(crate) fn shard_mut(&mut self, shard: ShardIndex) -> &mut Shard {
        Self::shard_in(&mut self.guards, shard)
    }

    fn shard_in<'g>(guards: &'g mut Guards<'k>, shard: ShardIndex) -> &'g mut Shard {
        guards.shard_mut(shard)
    }

    /// The shards held, for those who work on whole databases.
    pub(crate) fn held_shards(&self) -> Vec<ShardIndex> {
        match &self.guards {
            Guards::None => Vec::new(),
            Guards::One(shard, _) => vec![*shard],
            Guards::Some(held) => held.iter().map(|&(shard, _)| shard).collect(),
            Guards::All(_) => (0..SHARD_COUNT as ShardIndex).collect(),
        }
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    /// The value of a key, for reading: counts as a hit or a miss and as an access, and removes the key if its time has
    /// come.
    pub fn get(&mut self, key: &[u8]) -> Option<&Value> {
        let (_, shard, recent) = self.guards.seek(self.scope.database, &mut self.recent, key);
        let Ok(place) = self.scope.locate(shard, &mut self.changes, recent, key) else {
            self.scope.note_miss(&mut self.changes, key);
            return None;
        };
        self.changes.hits += 1;
        let entry = shard.databases[self.scope.database].table.get_mut(place);
        self.scope.touch(entry, &mut self.changes);
        Some(&entry.value)
    }

    /// As [`Unit::get`], but counts as no access: for a look at the key rather than its value (EXISTS, TYPE, TTL).
    pub fn glance(&mut self, key: &[u8]) -> Option<&Value> {
        let (shard, place) = self.look_up(key)?;
        let database = self.scope.database;
        Some(&self.shard(shard).databases[database].table.get(place).value)
    }

    /// As [`Unit::get`] for a command that works on one type.
    ///
    /// # Errors
    /// [`WrongType`] if the key holds another type.
    pub fn read<T: Kind>(&mut self, key: &[u8]) -> Result<Option<&T>, WrongType> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => T::of(value).map(Some).ok_or(WrongType),
        }
    }

    /// The value of a key without any effect: no statistics, no access, no removal. A key past its time is not there.
    /// Takes `&self`, so several keys can be looked at together; call [`Unit::get`] on each before.
    pub fn peek(&self, key: &[u8]) -> Option<&Value> {
        self.peek_entry(key).map(|entry| &entry.value)
    }

    /// As [`Unit::peek`] for one type.
    ///
    /// # Errors
    /// [`WrongType`] if the key holds another type.
    pub fn peek_as<T: Kind>(&self, key: &[u8]) -> Result<Option<&T>, WrongType> {
        match self.peek(key) {
            None => Ok(None),
            Some(value) => T::of(value).map(Some).ok_or(WrongType),
        }
    }

    /// Whether the key is there; no statistics, no access.
    pub fn exists(&mut self, key: &[u8]) -> bool {
        self.locate(key).is_some()
    }

    /// When the key expires: `None` if it is not there, `Some(None)` if never, else Unix time in milliseconds.
    pub fn expiry(&mut self, key: &[u8]) -> Option<Option<i64>> {
        let (shard, place) = self.locate(key)?;
        let at = self.shard(shard).databases[self.scope.database]
            .table
            .get(place)
            .expire_at;
        Some((at != NEVER).then_some(at))
    }

    /// What OBJECT tells of a key; counts as a hit or a miss, but as no access.
    pub fn object_info(&mut self, key: &[u8]) -> Option<ObjectInfo> {
        let Some((shard, place)) = self.locate(key) else {
            self.changes.misses += 1;
            return None;
        };
        self.changes.hits += 1;
        Some(self.describe(shard, place))
    }

    /// What DEBUG OBJECT tells of a key, and the bytes it takes; a key whose time has come is described and stays.
    pub fn inspect(&mut self, key: &[u8]) -> Option<(ObjectInfo, usize)> {
        let shard = self.shard_of(key);
        let hash = self.scope.keyspace.hash(key);
        let table = &self.shard(shard).databases[self.scope.database].table;
        let place = table.find(hash, key)?;
        let bytes = table.get(place).memory_usage();
        Some((self.describe(shard, place), bytes))
    }

    fn describe(&self, shard: ShardIndex, place: Place) -> ObjectInfo {
        let entry = self.shard(shard).databases[self.scope.database]
            .table
            .get(place);
        let settings = &self.scope.keyspace.settings;
        let now_seconds = (self.scope.now_ms / 1000) as u32;
        ObjectInfo {
            encoding: entry.value.encoding().name(),
            idle_seconds: match settings.access_policy() {
                AccessPolicy::Lru => u64::from(now_seconds.saturating_sub(entry.access)),
                AccessPolicy::Lfu => 0,
            },
            frequency: match settings.access_policy() {
                AccessPolicy::Lru => 0,
                AccessPolicy::Lfu => lfu_decayed(entry.access, self.scope.now_ms, settings.lfu()),
            },
        }
    }

    /// Bytes a key takes with its value and its place in the table; no access, no statistics.
    pub fn memory_usage(&mut self, key: &[u8]) -> Option<usize> {
        let (shard, place) = self.locate(key)?;
        let entry = self.shard(shard).databases[self.scope.database]
            .table
            .get(place);
        Some(entry.memory_usage())
    }

    /// Counts a look-up and an access without reading (TOUCH); whether the key is there.
    pub fn touch_key(&mut self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    // ---- the door --------------------------------------------------------------------------------------------------

    /// A value to change in place, or `None` if the key is not there.
    ///
    /// # Errors
    /// [`WrongType`] if the key holds another type.
    #[inline(always)]
    pub fn edit<T: Kind>(&mut self, key: &[u8]) -> Result<Option<Edit<'_, 'k, T>>, WrongType> {
        let (scope, changes) = (&self.scope, &mut self.changes);
        let (_, shard, recent) = self.guards.seek(scope.database, &mut self.recent, key);
        let Ok(place) = scope.locate_kind::<T>(shard, changes, recent, key) else {
            return Ok(None);
        };
        let place = place?;
        let edit = Edit::new(shard, scope, changes, place, Origin::Found);
        Ok(Some(edit))
    }

    /// A value to change in place; if the key is not there it is created with `new`. A created collection that is
    /// still empty at the end of the edit was never there.
    ///
    /// # Errors
    /// [`WrongType`] if the key holds another type.
    #[inline(always)]
    pub fn edit_or_create<T: Kind>(
        &mut self,
        key: &[u8],
        new: impl FnOnce() -> T,
    ) -> Result<Edit<'_, 'k, T>, WrongType> {
        let (scope, changes) = (&self.scope, &mut self.changes);
        let (_, shard, recent) = self.guards.seek(scope.database, &mut self.recent, key);
        let (place, origin) = match scope.locate_kind::<T>(shard, changes, recent, key) {
            Ok(place) => (place?, Origin::Found),
            Err(hash) => {
                let value = new().into_value();
                *recent = scope.add(shard, changes, key, hash, value);
                (*recent, Origin::Created)
            }
        };
        Ok(Edit::new(shard, scope, changes, place, origin))
    }

    /// Puts a value under a key, whatever was there before. Counts one change.
    pub fn set(&mut self, key: &[u8], value: Value, expiry: Expiry, event: Event) {
        let (scope, changes) = (&self.scope, &mut self.changes);
        let (_, shard, recent) = self.guards.seek(scope.database, &mut self.recent, key);
        match scope.locate(shard, changes, recent, key) {
            Ok(place) => {
                let part = &mut shard.databases[scope.database];
                let entry = part.table.get_mut(place);
                scope.touch(entry, changes);
                let old = std::mem::replace(&mut entry.value, value);
                let before = entry.expire_at;
                let after = match expiry {
                    Expiry::Clear => NEVER,
                    Expiry::Keep => before,
                    Expiry::At(at) => kept_expiry(at),
                };
                part.set_expiry(place, after);
                if let Some(log) = &mut changes.log {
                    log.note_replaced(scope.database, key, old);
                    log.note_expiry(scope.database, key, before, after);
                }
                shard.note_ready(scope.database, key, changes);
            }
            Err(hash) => {
                let at = if let Expiry::At(at) = expiry {
                    kept_expiry(at)
                } else {
                    NEVER
                };
                let entry = scope.new_entry(key, hash, value, at);
                changes.keep_created(scope.database, &entry.key);
                *recent = shard.databases[scope.database].insert(entry);
                scope.note_created(shard, changes, key);
            }
        }
        scope.settle(shard, changes, key, event, 1);
    }

    /// Takes a key away; what it was, for disposal, if it was there. Counts one change. `event` is [`Event::DEL`] for most.
    pub fn remove(&mut self, key: &[u8], event: Event) -> Option<Removed> {
        let (shard, place) = self.locate(key)?;
        let database = self.scope.database;
        let entry = self.shard_mut(shard).databases[database].remove(place);
        let entry = self.changes.keep_removed(database, entry);
        self.settle(shard, key, event, 1);
        Some(Removed::new(entry))
    }

    /// Sets when a key expires (`None`: never); whether the key is there. A time that has passed is kept as it is: the
    /// caller decides whether that removes the key. Counts one change.
    pub fn set_expiry(&mut self, key: &[u8], at: Option<i64>, event: Event) -> bool {
        let Some((shard, place)) = self.locate(key) else {
            return false;
        };
        let database = self.scope.database;
        let after = at.map_or(NEVER, kept_expiry);
        let part = &mut Self::shard_in(&mut self.guards, shard).databases[database];
        if let Some(log) = &mut self.changes.log {
            log.note_expiry(database, key, part.table.get(place).expire_at, after);
        }
        part.set_expiry(place, after);
        self.settle(shard, key, event, 1);
        true
    }

    /// Gives a key and all that belongs to it (value, expiry, access record) another name, another database or both;
    /// whether it was there. What stood there before goes without a word. Counts one change: `left` is the event of the
    /// old place, `arrived` that of the new one. The places must differ.
    pub fn relocate(
        &mut self,
        from: (usize, &[u8]),
        to: (usize, &[u8]),
        left: Event,
        arrived: Event,
    ) -> bool {
        let selected = self.scope.database;
        self.scope.database = from.0;
        let moved = self.relocate_selected(from.1, to, left, arrived);
        self.scope.database = selected;
        moved
    }

    fn relocate_selected(
        &mut self,
        from: &[u8],
        (to_database, to): (usize, &[u8]),
        left: Event,
        arrived: Event,
    ) -> bool {
        let from_database = self.scope.database;
        if self.locate(from).is_none() {
            return false;
        }
        self.scope.database = to_database;
        let replaced = self
            .locate(to)
            .map(|(shard, place)| self.database_part(shard).remove(place));
        self.scope.database = from_database;
        let (shard, place) = self.locate(from).expect("it was there a moment ago");
        let mut entry = self.database_part(shard).remove(place);
        entry.key = Bytes::from(to);
        entry.hash = self.scope.keyspace.hash(to);
        self.scope.database = to_database;
        let to_shard = Keyspace::shard_of(to);
        self.database_part(to_shard).insert(entry);
        if let Some(log) = &mut self.changes.log {
            log.push(Record::Relocated {
                from: (from_database, Bytes::from(from)),
                to: (to_database, Bytes::from(to)),
                replaced: replaced.map(Box::new),
            });
        }
        // Subscribers hear of the new key before they hear where it came from.
        self.note_created(to_shard, to);
        self.scope.database = from_database;
        self.settle(shard, from, left, 1);
        self.scope.database = to_database;
        self.settle(to_shard, to, arrived, 0);
        true
    }

    /// Records an event that is not a change of the key's value by itself, such as `rename_from`.
    pub fn note_event(&mut self, event: Event, key: &[u8]) {
        record_event(
            &mut self.changes,
            self.scope.notify_mask,
            self.scope.database,
            event,
            key,
        );
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    pub(crate) fn peek_entry(&self, key: &[u8]) -> Option<&Entry> {
        let shard = self.shard(self.shard_of(key));
        let table = &shard.databases[self.scope.database].table;
        let entry = table.get(table.find(self.scope.keyspace.hash(key), key)?);
        (!entry.is_expired(self.scope.now_ms)).then_some(entry)
    }

    /// As [`Unit::locate`], counted as a hit or a miss.
    fn look_up(&mut self, key: &[u8]) -> Option<(ShardIndex, Place)> {
        let found = self.locate(key);
        if found.is_some() {
            self.changes.hits += 1;
        } else {
            self.scope.note_miss(&mut self.changes, key);
        }
        found
    }

    /// The shard of a key.
    #[inline]
    fn shard_of(&self, key: &[u8]) -> ShardIndex {
        match self.guards.only() {
            Some(shard) => shard,
            None => Keyspace::shard_of(key),
        }
    }

    /// Finds a key that is there and has not expired; removes it if it has.
    fn locate(&mut self, key: &[u8]) -> Option<(ShardIndex, Place)> {
        let scope = &self.scope;
        let (index, shard, recent) = self.guards.seek(scope.database, &mut self.recent, key);
        let place = scope.locate(shard, &mut self.changes, recent, key).ok()?;
        Some((index, place))
    }

    /// Removes a key whose time has come.
    pub(crate) fn expire_at(&mut self, shard: ShardIndex, database: usize, place: Place) {
        let shard = Self::shard_in(&mut self.guards, shard);
        self.scope.expire(shard, &mut self.changes, database, place);
    }

    pub(crate) fn database_part(&mut self, shard: ShardIndex) -> &mut Database {
        let database = self.scope.database;
        &mut self.shard_mut(shard).databases[database]
    }

    /// All that follows from the creation of a key.
    fn note_created(&mut self, shard: ShardIndex, key: &[u8]) {
        let shard = Self::shard_in(&mut self.guards, shard);
        self.scope.note_created(shard, &mut self.changes, key);
    }

    /// All that follows from a change of a key.
    fn settle(&mut self, shard: ShardIndex, key: &[u8], event: Event, count: u64) {
        let shard = Self::shard_in(&mut self.guards, shard);
        self.scope
            .settle(shard, &mut self.changes, key, event, count);
    }
}
