//! Work on whole databases: counting, scanning, emptying, swapping, expiring; and clients that watch or wait.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use types::{Bytes, Value};

use crate::database::Database;
use crate::entry::NEVER;
use crate::lock::{Keyspace, Patience, SHARD_COUNT, ShardIndex};
use crate::shard::{WaiterId, Watch, Watcher};
use crate::undo::Record;
use crate::unit::Unit;

/// What INFO tells of one database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatabaseStats {
    /// Keys, with those past their time that nobody has looked at.
    pub keys: usize,
    /// Keys with an expiry.
    pub expiring: usize,
    /// Mean remaining time of a sample of them, in milliseconds.
    pub average_ttl_ms: i64,
}

/// What a database takes beside its keys and values, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatabaseOverhead {
    /// The table that finds keys.
    pub table: usize,
    /// The order of expiries.
    pub expiries: usize,
}

/// How many expiries the mean remaining time is taken from, per shard.
const TTL_SAMPLE: usize = 4;

impl Unit<'_> {
    /// How many keys the selected database has in the locked shards.
    pub fn key_count(&self) -> usize {
        let database = self.database();
        self.held_shards()
            .into_iter()
            .map(|shard| self.shard(shard).databases[database].table.len())
            .sum()
    }

    /// What INFO tells of a database. Shards that somebody else holds are told as they were when last seen: INFO never
    /// waits.
    pub fn database_stats(&self, database: usize) -> DatabaseStats {
        let mut stats = DatabaseStats::default();
        let (mut ttl_sum, mut ttl_count) = (0i64, 0usize);
        for index in 0..SHARD_COUNT as ShardIndex {
            let seen = self.keyspace().seen(index, database);
            self.look_at(index, database, |part| {
                seen.keys.store(part.table.len(), Ordering::Relaxed);
                seen.expiring.store(part.expiring(), Ordering::Relaxed);
                let (sum, count) = part.ttl_sample(self.now_ms(), TTL_SAMPLE);
                ttl_sum = ttl_sum.saturating_add(sum);
                ttl_count += count;
            });
            stats.keys += seen.keys.load(Ordering::Relaxed);
            stats.expiring += seen.expiring.load(Ordering::Relaxed);
        }
        if ttl_count > 0 {
            stats.average_ttl_ms = ttl_sum / ttl_count as i64;
        }
        stats
    }

    /// What a database takes beside its keys and values. Shards that somebody else holds are left out: nobody waits for
    /// a report.
    pub fn database_overhead(&self, database: usize) -> DatabaseOverhead {
        let mut overhead = DatabaseOverhead::default();
        for index in 0..SHARD_COUNT as ShardIndex {
            self.look_at(index, database, |part| {
                overhead.table += part.table.overhead();
                overhead.expiries += part.expiry_bytes();
            });
        }
        overhead
    }

    /// Shows a shard's part of a database to `look`, unless somebody else holds the shard.
    fn look_at(&self, index: ShardIndex, database: usize, look: impl FnOnce(&Database)) {
        if self.holds(index) {
            look(&self.shard(index).databases[database]);
        } else if let Some(shard) = self.keyspace().try_shard(index, &mut Patience::default()) {
            look(&shard.databases[database]);
        }
    }

    /// Calls `visit` with about `count` keys of the selected database that follow `cursor` in the scan's order; returns
    /// the cursor to go on with, 0 at the end. A key that is there from the first call to the last is visited. Keys met whose
    /// time has come are removed.
    pub fn scan(
        &mut self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&[u8], &Value, Option<i64>),
    ) -> u64 {
        let (database, now_ms) = (self.database(), self.now_ms());
        let mut shard = (cursor >> 32).min(SHARD_COUNT as u64) as usize;
        let mut from = cursor as u32;
        let mut left = count;
        let mut expired: Vec<Bytes> = Vec::new();
        let mut next_cursor = 0;
        while shard < SHARD_COUNT {
            let table = &self.shard(shard as ShardIndex).databases[database].table;
            let next = table.scan(from, left, |entry| {
                left = left.saturating_sub(1);
                if entry.is_expired(now_ms) {
                    expired.push(entry.key.clone());
                } else {
                    let expiry = (entry.expire_at != NEVER).then_some(entry.expire_at);
                    visit(&entry.key, &entry.value, expiry);
                }
            });
            match next {
                Some(hash) => from = hash,
                None => {
                    shard += 1;
                    from = 0;
                }
            }
            if left == 0 && shard < SHARD_COUNT {
                next_cursor = (shard as u64) << 32 | u64::from(from);
                break;
            }
        }
        for key in expired {
            // Looking for a key removes it if its time has come.
            self.exists(&key);
        }
        next_cursor
    }

    /// Calls `visit` with every live key of the selected database in the locked shards.
    pub fn for_each(&self, mut visit: impl FnMut(&[u8], &Value, Option<i64>)) {
        let (database, now_ms) = (self.database(), self.now_ms());
        for shard in self.held_shards() {
            for entry in self.shard(shard).databases[database].table.iter() {
                if !entry.is_expired(now_ms) {
                    let expiry = (entry.expire_at != NEVER).then_some(entry.expire_at);
                    visit(&entry.key, &entry.value, expiry);
                }
            }
        }
    }

    /// A key of the selected database, each as likely as any other; `random` is the source of randomness.
    pub fn random_key(&mut self, mut random: impl FnMut() -> u64) -> Option<Bytes> {
        // Keys that have expired may be drawn, but not for ever.
        for _ in 0..100 {
            let count = self.key_count();
            if count == 0 {
                return None;
            }
            let mut nth = (random() % count as u64) as usize;
            let database = self.database();
            for shard in self.held_shards() {
                let table = &self.shard(shard).databases[database].table;
                if nth >= table.len() {
                    nth -= table.len();
                    continue;
                }
                let key = table.random(&mut random).map(|entry| entry.key.clone())?;
                if self.exists(&key) {
                    return Some(key);
                }
                break;
            }
        }
        None
    }

    /// Empties a database in the locked shards; returns how many keys went. The values are handed to `dispose`, which
    /// may drop them elsewhere, unless the undo log keeps them.
    pub fn flush(&mut self, database: usize, dispose: &mut dyn FnMut(Box<dyn Send>)) -> usize {
        let mut removed = 0;
        let keyspace = self.keyspace();
        let mut changes = std::mem::take(&mut self.changes);
        for index in self.held_shards() {
            let shard = self.shard_mut(index);
            shard.note_database_change(database, &mut changes, |shard, key, was_expired| {
                let table = &shard.databases[database].table;
                !was_expired && table.find(keyspace.hash(key), key).is_some()
            });
            let emptied = std::mem::take(&mut shard.databases[database]);
            removed += emptied.table.len();
            if emptied.table.len() > 0 {
                let emptied = Box::new(emptied);
                match &mut changes.log {
                    None => dispose(emptied),
                    Some(log) => log.push(Record::Flushed {
                        database,
                        shard: index,
                        keys: emptied,
                    }),
                }
            }
        }
        changes.dirty += removed as u64;
        changes.note_flush(self.gathered());
        self.changes = changes;
        removed
    }

    /// Exchanges two databases. Needs every lock.
    pub fn swap_databases(&mut self, first: usize, second: usize) {
        assert!(self.covers_all(), "SWAPDB is planned under all locks");
        if first == second {
            self.changes.dirty += 1;
            return;
        }
        let (keyspace, now_ms) = (self.keyspace(), self.now_ms());
        let mut changes = std::mem::take(&mut self.changes);
        let mut flags = Vec::new();
        for index in self.held_shards() {
            let shard = self.shard_mut(index);
            for (database, other) in [(first, second), (second, first)] {
                shard.note_database_change(database, &mut changes, |shard, key, was_expired| {
                    let find = |database: &Database| {
                        let place = database.table.find(keyspace.hash(key), key);
                        place.map(|place| database.table.get(place).is_expired(now_ms))
                    };
                    !was_expired && find(&shard.databases[database]).is_some()
                        || find(&shard.databases[other]) == Some(false)
                });
            }
            shard.databases.swap(first, second);
            // A key that comes in past its time was never there for those who watch it.
            let databases = &shard.databases;
            for (name, watchers) in &mut shard.watchers {
                let (database, key) = name;
                if *database == first || *database == second {
                    if changes.log.is_some() {
                        let before = watchers.iter().map(|watcher| watcher.was_expired);
                        flags.push((index, name.clone(), before.collect()));
                    }
                    let table = &databases[*database].table;
                    let is_expired = table
                        .find(keyspace.hash(key), key)
                        .is_some_and(|place| table.get(place).is_expired(now_ms));
                    for watcher in watchers {
                        watcher.was_expired = is_expired;
                    }
                }
            }
            let waiting: Vec<_> = shard
                .waiters
                .keys()
                .filter(|(database, _)| *database == first || *database == second)
                .cloned()
                .collect();
            for (database, key) in waiting {
                if shard.databases[database]
                    .table
                    .find(keyspace.hash(&key), &key)
                    .is_some()
                {
                    shard.note_ready(database, &key, &mut changes);
                }
            }
        }
        changes.dirty += 1;
        if let Some(log) = &mut changes.log {
            log.push(Record::Swapped {
                first,
                second,
                flags,
            });
        }
        self.changes = changes;
    }

    /// Removes keys whose time has come from the locked shards, in all databases, until it has looked at `limit` of those that may
    /// be due; how many it has looked at.
    pub fn expire_due(&mut self, limit: usize) -> usize {
        let now_ms = self.now_ms();
        let mut left = limit;
        for shard in self.held_shards() {
            for database in 0..self.keyspace().database_count() {
                loop {
                    let part = &mut self.shard_mut(shard).databases[database];
                    let Some(place) = part.due(now_ms, &mut left) else {
                        break;
                    };
                    self.expire_at(shard, database, place);
                }
            }
        }
        limit - left
    }

    // ---- clients that watch or wait --------------------------------------------------------------------------------

    /// From now on `watch` is marked when the key changes.
    pub fn watch(&mut self, key: &[u8], watch: &Arc<Watch>) {
        let (database, now_ms) = (self.database(), self.now_ms());
        let hash = self.keyspace().hash(key);
        let shard = self.shard_mut(Keyspace::shard_of(key));
        let table = &shard.databases[database].table;
        let was_expired = table
            .find(hash, key)
            .is_some_and(|place| table.get(place).is_expired(now_ms));
        let watchers = shard
            .watchers
            .entry((database, Bytes::from(key)))
            .or_default();
        if !watchers
            .iter()
            .any(|watcher| Arc::ptr_eq(&watcher.watch, watch))
        {
            watchers.push(Watcher {
                watch: Arc::clone(watch),
                was_expired,
            });
        }
    }

    /// Ends a watch on a key of a database.
    pub fn unwatch(&mut self, database: usize, key: &[u8], watch: &Arc<Watch>) {
        let shard = self.shard_mut(Keyspace::shard_of(key));
        let name = (database, Bytes::from(key));
        if let Some(watchers) = shard.watchers.get_mut(&name) {
            watchers.retain(|watcher| !Arc::ptr_eq(&watcher.watch, watch));
            if watchers.is_empty() {
                shard.watchers.remove(&name);
            }
        }
    }

    /// Whether a watched key, not yet expired when the watch began, has passed its time without anybody noticing.
    pub fn watched_key_expired(&self, database: usize, key: &[u8], watch: &Arc<Watch>) -> bool {
        let shard = self.shard(Keyspace::shard_of(key));
        let table = &shard.databases[database].table;
        let expired = table
            .find(self.keyspace().hash(key), key)
            .is_some_and(|place| table.get(place).is_expired(self.now_ms()));
        expired
            && shard
                .watchers
                .get(&(database, Bytes::from(key)))
                .is_some_and(|watchers| {
                    watchers
                        .iter()
                        .any(|watcher| Arc::ptr_eq(&watcher.watch, watch) && !watcher.was_expired)
                })
    }

    /// Queues a blocked client for a key of the selected database, behind those who came before.
    pub fn wait_for(&mut self, key: &[u8], waiter: WaiterId) {
        let database = self.database();
        let shard = self.shard_mut(Keyspace::shard_of(key));
        let waiters = shard
            .waiters
            .entry((database, Bytes::from(key)))
            .or_default();
        if !waiters.contains(&waiter) {
            waiters.push_back(waiter);
        }
    }

    /// Takes a client out of a key's queue.
    pub fn stop_waiting(&mut self, database: usize, key: &[u8], waiter: WaiterId) {
        let shard = self.shard_mut(Keyspace::shard_of(key));
        let name = (database, Bytes::from(key));
        if let Some(waiters) = shard.waiters.get_mut(&name) {
            waiters.retain(|queued| *queued != waiter);
            if waiters.is_empty() {
                shard.waiters.remove(&name);
            }
        }
    }

    /// The clients that wait for a key, the longest waiting first.
    pub fn waiters(&self, database: usize, key: &[u8]) -> Vec<WaiterId> {
        self.shard(Keyspace::shard_of(key))
            .waiters
            .get(&(database, Bytes::from(key)))
            .map(|waiters| waiters.iter().copied().collect())
            .unwrap_or_default()
    }
}
