//! Looking ahead: keys that are about to be asked for come into the processor's caches.
//!
//! In a large keyspace a look-up follows three or four pointers, each into memory that is in no cache, and waits for
//! every one of them: a plain command waits longer than it works. The requests of a pipeline are known before they run.
//! So the way to all their keys is gone beforehand, one step of every key before the next step of any: the processor
//! then waits for a whole batch as long as for a single key. The same holds for the elements of big collections.

use std::hint::black_box;

use parking_lot::MutexGuard;
use smallvec::SmallVec;
use types::Likely;

use crate::entry::Entry;
use crate::lock::{KeptLock, Keyspace, Patience, SHARD_COUNT, ShardIndex};
use crate::shard::Shard;

/// Keys looked at in one go: about as many loads as a processor has under way at once.
pub const LOOK_AHEAD_MAX: usize = 16;

/// Keys in one part of a database from which looking ahead pays; fewer are in the caches anyway.
const LARGE_PART: usize = 128;

/// Bytes of a value from which looking ahead pays.
const LARGE_VALUE: usize = 256 * 1024;

/// What a request that is still to come is about.
#[derive(Clone, Copy, Debug)]
pub struct Ahead<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// The first two words after the key, empty if there are none: they may name an element.
    pub words: [&'a [u8]; 2],
}

impl Keyspace {
    /// Goes the way to these keys of a database, at most [`LOOK_AHEAD_MAX`], without any effect that could be seen: no
    /// statistics, no access, no expiry. The shards are held meanwhile, about a microsecond; those that stay busy are
    /// left out. `kept` is a lock that is held already; if the keys are all of one shard, its lock is handed on in its place.
    /// Returns whether it was worth it: whether there was anything that is too large for the caches, or may be.
    ///
    /// # Panics
    /// If `database` is not below [`Keyspace::database_count`].
    pub fn look_ahead<'k>(
        &'k self,
        database: usize,
        requests: &[Ahead<'_>],
        kept: &mut Option<KeptLock<'k>>,
        patience: &mut Patience,
    ) -> bool {
        const NOT_HELD: u8 = u8::MAX;
        let mut left_out = false;
        let mut held = [NOT_HELD; SHARD_COUNT];
        let mut guards: SmallVec<[MutexGuard<'_, Shard>; LOOK_AHEAD_MAX]> = SmallVec::new();
        let mut first = 0;
        if let Some(lock) = kept.take() {
            first = lock.shard;
            held[usize::from(first)] = 0;
            guards.push(lock.guard);
        }
        let mut wanted: SmallVec<[Wanted<'_>; LOOK_AHEAD_MAX]> = SmallVec::new();
        for request in requests.iter().take(LOOK_AHEAD_MAX) {
            let shard = usize::from(Keyspace::shard_of(request.key));
            if held[shard] == NOT_HELD {
                // Only ever tried, so the order of the shards does not matter.
                let Some(guard) = self.try_shard(shard as ShardIndex, patience) else {
                    left_out = true;
                    continue;
                };
                if guards.is_empty() {
                    first = shard as ShardIndex;
                }
                held[shard] = guards.len() as u8;
                guards.push(guard);
            }
            wanted.push((held[shard], self.hash(request.key), request));
        }
        let pays = left_out || go(&guards, database, &wanted);
        if guards.len() == 1
            && let Some(guard) = guards.pop()
        {
            *kept = Some(KeptLock {
                shard: first,
                guard,
            });
        }
        pays
    }
}

/// What to look for: the place of the guard of its shard, the key's hash, and the request.
type Wanted<'a> = (u8, u32, &'a Ahead<'a>);

/// Goes the way, and tells whether it led to anything large.
fn go(guards: &[MutexGuard<'_, Shard>], database: usize, wanted: &[Wanted<'_>]) -> bool {
    let table = |guard: u8| &guards[usize::from(guard)].databases[database].table;
    let marks = wanted.iter().fold(0, |sum, &(guard, hash, _)| {
        sum ^ table(guard).first_mark(hash)
    });
    black_box(marks);
    let entries: SmallVec<[(&Entry, &Ahead<'_>); LOOK_AHEAD_MAX]> = wanted
        .iter()
        .filter_map(|&(guard, hash, request)| Some((table(guard).likely(hash)?, request)))
        .collect();
    let heads = entries.iter().fold(0, |sum, (entry, _)| {
        sum ^ entry.hash ^ entry.access ^ entry.expire_at as u32
    });
    black_box(heads);
    let mut largest = 0;
    let ends = entries.iter().fold(0, |sum, (entry, _)| {
        largest = largest.max(entry.value.heap_size());
        sum ^ entry.key.last().copied().unwrap_or_default()
    });
    black_box(ends);
    let mut has_elements = false;
    if largest >= LARGE_VALUE {
        let elements: SmallVec<[Likely<'_>; LOOK_AHEAD_MAX]> = entries
            .iter()
            .filter_map(|(entry, request)| entry.value.likely(request.words))
            .collect();
        let contents = elements.iter().fold(0, |sum, element| sum ^ element.read());
        black_box(contents);
        // A long list is worked on at its ends: there is nothing to look for.
        has_elements = !elements.is_empty();
    }
    has_elements
        || guards
            .iter()
            .any(|shard| shard.databases[database].table.len() >= LARGE_PART)
}

#[cfg(test)]
mod tests {
    use types::list::End;
    use types::{Limits, List, Set, StringValue, Value};

    use super::*;
    use crate::{Event, Expiry, LockPlan};

    const SET: Event = Event::string("set");

    fn filled<'a>(elements: impl Iterator<Item = &'a [u8]>) -> List {
        let mut list = List::new();
        for element in elements {
            list.push(End::Back, element, &Limits::default());
        }
        list
    }

    fn look(keyspace: &Keyspace, database: usize, keys: &[&[u8]]) -> bool {
        let ahead = |key: &&'static [u8]| Ahead {
            key,
            words: [b"member 7", b""],
        };
        let keys: Vec<&'static [u8]> = keys.iter().map(|key| &*key.to_vec().leak()).collect();
        keyspace.look_ahead(
            database,
            &keys.iter().map(ahead).collect::<Vec<_>>(),
            &mut None,
            &mut Patience::default(),
        )
    }

    #[test]
    fn looking_ahead_has_no_effect() {
        let keyspace = Keyspace::new(2);
        let names: Vec<String> = (0..20_000).map(|n| format!("key:{n}")).collect();
        let keys: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        assert!(!look(&keyspace, 0, &keys[..5]));
        let mut unit = keyspace.lock(&LockPlan::All, 0, 1_000);
        for key in &keys {
            let value = Value::String(StringValue::new(key));
            unit.set(key, value, Expiry::At(2_000), SET);
        }
        drop(unit);
        for keys in keys.chunks(10) {
            assert!(look(&keyspace, 0, keys));
            assert!(!look(&keyspace, 1, keys));
        }
        assert!(look(&keyspace, 0, &keys));
        assert!(look(&keyspace, 0, &[b"same", b"same", b"absent"]));
        let unit = keyspace.lock(&LockPlan::All, 0, 1_500);
        assert!(keys.iter().all(|key| unit.peek(key).is_some()));
        assert_eq!((unit.changes.hits, unit.changes.misses), (0, 0));
    }

    #[test]
    fn one_big_value_is_worth_it() {
        let keyspace = Keyspace::new(1);
        let mut set = Set::new();
        for number in 0..20_000 {
            set.add(format!("member {number}").as_bytes(), &Limits::default());
        }
        let mut unit = keyspace.lock(&LockPlan::All, 0, 1_000);
        unit.set(b"big", Value::from(set), Expiry::Clear, SET);
        drop(unit);
        let list = std::iter::repeat_n(b"element".as_slice(), 100_000);
        let mut unit = keyspace.lock(&LockPlan::All, 0, 1_000);
        unit.set(b"list", Value::from(filled(list)), Expiry::Clear, SET);
        drop(unit);
        assert!(look(&keyspace, 0, &[b"big", b"big"]));
        assert!(!look(&keyspace, 0, &[b"list", b"list"]));
        assert!(!look(&keyspace, 0, &[b"small", b"small"]));
    }

    #[test]
    fn busy_shards_are_left_out() {
        let keyspace = Keyspace::new(1);
        let all = keyspace.lock(&LockPlan::All, 0, 1_000);
        assert!(look(&keyspace, 0, &[b"a", b"b"]));
        drop(all);
        assert!(!look(&keyspace, 0, &[b"a", b"b"]));
    }
}
