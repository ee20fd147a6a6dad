//! Looking ahead: keys that are about to be asked for come into the processor's caches.
//!
//! In a large keyspace a look-up follows three or four pointers, each into memory that is in no cache, and waits for
//! every one of them: a plain command waits longer than it works. The requests of a pipeline are known before they run.
//! So the way to all their keys is gone beforehand, one step of every key before the next step of any: the processor
//! then waits for a whole batch as long as for a single key.

use std::hint::black_box;

use parking_lot::MutexGuard;
use smallvec::SmallVec;

use crate::entry::Entry;
use crate::lock::{Keyspace, SHARD_COUNT, ShardIndex};
use crate::shard::Shard;

/// Keys looked at in one go: about as many loads as a processor has under way at once.
pub const LOOK_AHEAD_MAX: usize = 16;

/// Keys in one shard from which looking ahead pays; fewer are in the caches anyway.
const LARGE: usize = 128;

impl Keyspace {
    /// Whether the keyspace is so large that [`Keyspace::look_ahead`] pays, judged by one shard; a busy one says no.
    pub fn is_large(&self, shard: ShardIndex) -> bool {
        self.try_shard(shard).is_some_and(|shard| {
            let keys: usize = shard.databases.iter().map(|part| part.table.len()).sum();
            keys >= LARGE
        })
    }

    /// Goes the way to these keys of a database, at most [`LOOK_AHEAD_MAX`], without any effect that could be seen: no
    /// statistics, no access, no expiry. The shards are held meanwhile, well below a microsecond; busy ones are left out.
    ///
    /// # Panics
    /// If `database` is not below [`Keyspace::database_count`].
    pub fn look_ahead(&self, database: usize, keys: &[&[u8]]) {
        const NOT_HELD: u8 = u8::MAX;
        let mut held = [NOT_HELD; SHARD_COUNT];
        let mut guards: SmallVec<[MutexGuard<'_, Shard>; LOOK_AHEAD_MAX]> = SmallVec::new();
        let mut wanted: SmallVec<[(u8, u32); LOOK_AHEAD_MAX]> = SmallVec::new();
        for key in keys.iter().take(LOOK_AHEAD_MAX) {
            let shard = usize::from(Keyspace::shard_of(key));
            if held[shard] == NOT_HELD {
                // Only ever tried, so the order of the shards does not matter.
                let Some(guard) = self.shards[shard].0.try_lock() else {
                    continue;
                };
                held[shard] = guards.len() as u8;
                guards.push(guard);
            }
            wanted.push((held[shard], self.hash(key)));
        }
        let table = |guard: u8| &guards[usize::from(guard)].databases[database].table;
        let marks = wanted.iter().fold(0, |sum: u32, &(guard, hash)| {
            sum ^ table(guard).first_mark(hash)
        });
        black_box(marks);
        let entries: SmallVec<[&Entry; LOOK_AHEAD_MAX]> = wanted
            .iter()
            .filter_map(|&(guard, hash)| table(guard).likely(hash))
            .collect();
        let ends = entries.iter().fold(0, |sum, entry| {
            sum ^ entry.hash ^ entry.access ^ entry.expire_at as u32
        });
        black_box(ends);
        let contents = entries.iter().fold(0, |sum, entry| {
            let end = entry.key.last().copied().unwrap_or_default();
            sum ^ usize::from(end) ^ entry.value.heap_size()
        });
        black_box(contents);
    }
}

#[cfg(test)]
mod tests {
    use types::{StringValue, Value};

    use super::*;
    use crate::{Event, Expiry, LockPlan};

    #[test]
    fn looking_ahead_has_no_effect() {
        let keyspace = Keyspace::new(2);
        let names: Vec<String> = (0..20_000).map(|n| format!("key:{n}")).collect();
        assert!(!keyspace.is_large(0));
        let mut unit = keyspace.lock(&LockPlan::All, 0, 1_000);
        for name in &names {
            let value = Value::String(StringValue::new(name.as_bytes()));
            unit.set(
                name.as_bytes(),
                value,
                Expiry::At(2_000),
                Event::string("set"),
            );
        }
        drop(unit);
        assert!(keyspace.is_large(0));
        let keys: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        for keys in keys.chunks(10) {
            keyspace.look_ahead(0, keys);
            keyspace.look_ahead(1, keys);
        }
        keyspace.look_ahead(0, &keys);
        keyspace.look_ahead(0, &[b"same", b"same", b"absent"]);
        let unit = keyspace.lock(&LockPlan::All, 0, 1_500);
        assert!(keys.iter().all(|key| unit.peek(key).is_some()));
        assert_eq!((unit.changes.hits, unit.changes.misses), (0, 0));
    }

    #[test]
    fn busy_shards_are_left_out() {
        let keyspace = Keyspace::new(1);
        let all = keyspace.lock(&LockPlan::All, 0, 1_000);
        keyspace.look_ahead(0, &[b"a", b"b"]);
        assert!(!keyspace.is_large(0));
        drop(all);
    }
}
