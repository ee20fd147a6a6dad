//! The shards and their locks.
//!
//! Lock order: shards are taken in ascending order, always. A holder may add a shard later only by trying, never by
//! waiting. So no deadlock is possible.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;
use types::key_slot;

use crate::entry::{AccessPolicy, LfuSettings};
use crate::event::EventClass;
use crate::guards::Guards;
use crate::shard::Shard;
use crate::unit::Unit;

/// How many shards there are. Enough that a few dozen threads rarely meet; few enough that taking all of them, as a
/// script with undeclared keys must, stays well below a microsecond.
pub const SHARD_COUNT: usize = 64;

// Sets of shards are told by bits.
const _: () = assert!(SHARD_COUNT == u64::BITS as usize);

/// Which shard; always below [`SHARD_COUNT`].
pub type ShardIndex = u16;

/// How often a busy lock is tried before the caller is told to come back: a holder that is running a short command is
/// done by then, one that is in a long script is not worth waiting for.
const SPIN_TRIES: u32 = 200;

/// How often busy locks are tried, over all units that share it. Whoever serves many, and has found out that a lock is
/// busy for one of them, need not wait just as long for the next.
#[derive(Clone, Copy, Debug)]
pub struct Patience(u32);

impl Default for Patience {
    fn default() -> Patience {
        Patience(SPIN_TRIES)
    }
}

/// The shards a unit of work needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LockPlan {
    /// No keys at all.
    #[default]
    None,
    /// These shards, ascending and without repeats.
    Shards(SmallVec<[ShardIndex; 4]>),
    /// Every shard.
    All,
}

impl LockPlan {
    /// The plan for these keys.
    pub fn for_keys<'k>(keys: impl IntoIterator<Item = &'k [u8]>) -> LockPlan {
        let mut plan = LockPlan::None;
        for key in keys {
            plan.add_key(key);
        }
        plan
    }

    /// Widens the plan by a key's shard.
    pub fn add_key(&mut self, key: &[u8]) {
        self.add_shard(Keyspace::shard_of(key));
    }

    fn add_shard(&mut self, shard: ShardIndex) {
        match self {
            LockPlan::All => {}
            LockPlan::None => *self = LockPlan::Shards(SmallVec::from_slice(&[shard])),
            LockPlan::Shards(shards) => {
                if let Err(position) = shards.binary_search(&shard) {
                    shards.insert(position, shard);
                }
            }
        }
    }

    /// The plan as a set of bits, one for each shard.
    pub fn to_bits(&self) -> u64 {
        match self {
            LockPlan::None => 0,
            LockPlan::Shards(shards) => shards.iter().fold(0, |bits, shard| bits | 1 << shard),
            LockPlan::All => u64::MAX,
        }
    }

    /// Widens the plan by the shards of a set of bits.
    pub fn add_bits(&mut self, bits: u64) {
        if bits == u64::MAX {
            *self = LockPlan::All;
            return;
        }
        let mut left = bits;
        while left != 0 {
            self.add_shard(left.trailing_zeros() as ShardIndex);
            left &= left - 1;
        }
    }

    /// Widens the plan by another.
    pub fn add(&mut self, other: &LockPlan) {
        match (&mut *self, other) {
            (LockPlan::All, _) | (_, LockPlan::None) => {}
            (LockPlan::None, _) | (_, LockPlan::All) => *self = other.clone(),
            (LockPlan::Shards(mine), LockPlan::Shards(theirs)) => {
                for &shard in theirs {
                    if let Err(position) = mine.binary_search(&shard) {
                        mine.insert(position, shard);
                    }
                }
            }
        }
    }
}

/// Settings of the whole keyspace that may change while it runs.
#[derive(Debug)]
pub struct Settings {
    notify_mask: AtomicU16,
    access_policy: AtomicU8,
    lfu_log_factor: AtomicU32,
    lfu_decay_minutes: AtomicU32,
    active_expire: AtomicU8,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            notify_mask: AtomicU16::new(0),
            access_policy: AtomicU8::new(0),
            lfu_log_factor: AtomicU32::new(10),
            lfu_decay_minutes: AtomicU32::new(1),
            active_expire: AtomicU8::new(1),
        }
    }
}

impl Settings {
    /// Which event classes are recorded: the bits of `notify-keyspace-events`.
    pub fn set_notify_mask(&self, mask: u16) {
        let modifications = EventClass::MODIFICATION.0;
        let update = |before: u16| Some((before & modifications) | (mask & !modifications));
        let updated = self
            .notify_mask
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        debug_assert!(updated.is_ok(), "the update always has a value");
    }
    /// See [`Settings::set_notify_mask`].
    pub fn notify_mask(&self) -> u16 {
        self.gathered() & !EventClass::MODIFICATION.0
    }
    /// Whether units gather which keys they modify ([`Changes::modified`](crate::Changes::modified)). Off at the start. Who
    /// switches it on and takes a key's lock afterwards hears of every later modification of that key.
    pub fn gather_modifications(&self, on: bool) {
        let bit = EventClass::MODIFICATION.0;
        if on {
            self.notify_mask.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.notify_mask.fetch_and(!bit, Ordering::Relaxed);
        }
    }
    /// All that units gather: classes of events, and modifications.
    pub(crate) fn gathered(&self) -> u16 {
        self.notify_mask.load(Ordering::Relaxed)
    }
    /// How accesses are recorded; follows `maxmemory-policy`.
    pub fn set_access_policy(&self, policy: AccessPolicy) {
        self.access_policy
            .store(u8::from(policy == AccessPolicy::Lfu), Ordering::Relaxed);
    }
    /// See [`Settings::set_access_policy`].
    pub fn access_policy(&self) -> AccessPolicy {
        match self.access_policy.load(Ordering::Relaxed) {
            0 => AccessPolicy::Lru,
            _ => AccessPolicy::Lfu,
        }
    }
    /// `lfu-log-factor` and `lfu-decay-time` (minutes).
    pub fn set_lfu(&self, log_factor: u32, decay_minutes: u32) {
        self.lfu_log_factor.store(log_factor, Ordering::Relaxed);
        self.lfu_decay_minutes
            .store(decay_minutes, Ordering::Relaxed);
    }
    pub(crate) fn lfu(&self) -> LfuSettings {
        LfuSettings {
            log_factor: self.lfu_log_factor.load(Ordering::Relaxed),
            decay_minutes: self.lfu_decay_minutes.load(Ordering::Relaxed),
        }
    }
    /// Whether keys expire on their own or only when looked up (DEBUG SET-ACTIVE-EXPIRE).
    pub fn set_active_expire(&self, on: bool) {
        self.active_expire.store(u8::from(on), Ordering::Relaxed);
    }
    /// See [`Settings::set_active_expire`].
    pub fn active_expire(&self) -> bool {
        self.active_expire.load(Ordering::Relaxed) == 1
    }
}

/// Every database's keys.
pub struct Keyspace {
    pub(crate) shards: Box<[Padded]>,
    databases: usize,
    /// What INFO saw of each shard's part of each database when it last could look.
    seen: Box<[Seen]>,
    secrets: rapidhash::v3::RapidSecrets,
    /// Settings that may change while it runs.
    pub settings: Settings,
    random_state: AtomicU64,
}

/// Tries a busy lock while there is patience.
#[cold]
fn wait<'k>(lock: &'k Mutex<Shard>, patience: &mut Patience) -> Option<MutexGuard<'k, Shard>> {
    while patience.0 > 0 {
        patience.0 -= 1;
        std::hint::spin_loop();
        if let Some(guard) = lock.try_lock() {
            return Some(guard);
        }
    }
    None
}

/// Counts of one database's part in one shard.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) keys: AtomicUsize,
    pub(crate) expiring: AtomicUsize,
}

/// A shard on cache lines of its own, so that threads on different shards do not disturb each other.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Padded(pub(crate) Mutex<Shard>);

/// A shard's lock that outlives its unit: the requests of a pipeline mostly go on with the same key, and a lock that
/// goes from thread to thread between any two of them takes its shard's data along from one cache to the other.
#[derive(Debug)]
pub struct KeptLock<'k> {
    pub(crate) shard: ShardIndex,
    pub(crate) guard: MutexGuard<'k, Shard>,
}

impl Keyspace {
    /// An empty keyspace of `databases` databases.
    pub fn new(databases: usize) -> Keyspace {
        let shards = (0..SHARD_COUNT)
            .map(|_| Padded(Mutex::new(Shard::new(databases))))
            .collect();
        // Attackers must not be able to choose keys whose hashes collide, so each process hashes differently.
        let hash_seed = RandomState::new().hash_one(0u8);
        Keyspace {
            shards,
            databases,
            seen: (0..SHARD_COUNT * databases)
                .map(|_| Seen::default())
                .collect(),
            secrets: rapidhash::v3::RapidSecrets::seed(hash_seed),
            settings: Settings::default(),
            random_state: AtomicU64::new(hash_seed | 1),
        }
    }

    /// How many databases there are.
    pub fn database_count(&self) -> usize {
        self.databases
    }

    /// The shard of a key: keys that share a hash tag share it.
    pub fn shard_of(key: &[u8]) -> ShardIndex {
        key_slot(key) % SHARD_COUNT as u16
    }

    /// Takes the locks of `plan` and starts a unit of work in `database` at `now_ms` (Unix time in milliseconds), or
    /// returns `None` if one of them stays busy.
    ///
    /// # Panics
    /// If `database` is not below [`Keyspace::database_count`].
    #[inline]
    pub fn try_lock(&self, plan: &LockPlan, database: usize, now_ms: i64) -> Option<Unit<'_>> {
        self.try_lock_with(None, plan, database, now_ms, &mut Patience::default())
    }

    /// As [`Keyspace::try_lock`], with the lock that the unit before has left; it is released if it is not just what
    /// the plan wants.
    ///
    /// # Panics
    /// If `database` is not below [`Keyspace::database_count`].
    // Inlined, so that the unit is made where it stays: to move it costs more than to make it.
    #[inline(always)]
    pub fn try_lock_with<'k>(
        &'k self,
        kept: Option<KeptLock<'k>>,
        plan: &LockPlan,
        database: usize,
        now_ms: i64,
        patience: &mut Patience,
    ) -> Option<Unit<'k>> {
        assert!(database < self.databases, "database index out of range");
        let guards = self.try_guards(kept, plan, patience)?;
        Some(Unit::new(self, guards, database, now_ms))
    }

    #[inline]
    fn try_guards<'k>(
        &'k self,
        kept: Option<KeptLock<'k>>,
        plan: &LockPlan,
        patience: &mut Patience,
    ) -> Option<Guards<'k>> {
        match (plan, kept) {
            (LockPlan::None, _) => Some(Guards::None),
            (LockPlan::Shards(shards), kept) if shards.len() == 1 => {
                let shard = shards[0];
                match kept {
                    Some(kept) if kept.shard == shard => Some(Guards::One(shard, kept.guard)),
                    other => {
                        drop(other);
                        Some(Guards::One(shard, self.try_shard(shard, patience)?))
                    }
                }
            }
            (_, kept) => {
                drop(kept);
                self.try_many(plan, patience)
            }
        }
    }

    fn try_many(&self, plan: &LockPlan, patience: &mut Patience) -> Option<Guards<'_>> {
        Some(match plan {
            LockPlan::None => Guards::None,
            LockPlan::Shards(shards) => {
                let mut guards = Vec::with_capacity(shards.len());
                for &shard in shards {
                    guards.push((shard, self.try_shard(shard, patience)?));
                }
                Guards::Some(guards)
            }
            LockPlan::All => {
                let mut guards = Vec::with_capacity(SHARD_COUNT);
                for shard in 0..SHARD_COUNT {
                    guards.push(self.try_shard(shard as ShardIndex, patience)?);
                }
                Guards::All(guards)
            }
        })
    }

    /// As [`Keyspace::try_lock`], but tries until it has them. For tests and for threads that serve nobody else.
    pub fn lock(&self, plan: &LockPlan, database: usize, now_ms: i64) -> Unit<'_> {
        loop {
            if let Some(unit) = self.try_lock(plan, database, now_ms) {
                return unit;
            }
            std::thread::yield_now();
        }
    }

    pub(crate) fn seen(&self, shard: ShardIndex, database: usize) -> &Seen {
        &self.seen[usize::from(shard) * self.databases + database]
    }

    #[inline]
    pub(crate) fn try_shard(
        &self,
        shard: ShardIndex,
        patience: &mut Patience,
    ) -> Option<MutexGuard<'_, Shard>> {
        let lock = &self.shards[usize::from(shard)].0;
        lock.try_lock().or_else(|| wait(lock, patience))
    }

    #[inline]
    pub(crate) fn hash(&self, key: &[u8]) -> u32 {
        (rapidhash::v3::rapidhash_v3_seeded(key, &self.secrets) >> 32) as u32
    }

    /// A cheap pseudo-random number for access counters; nothing a client sees depends on its quality.
    pub(crate) fn random(&self) -> u64 {
        let mut x = self.random_state.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random_state.store(x, Ordering::Relaxed);
        x
    }
}
