//! The hash table under big hashes, sets and sorted sets: a dense array of entries and an index of
//! 4-byte positions.
//!
//! Entries stand side by side in insertion order; removing one moves the last into its place. So
//! iteration is a walk over an array, a random entry is one array access, and an entry costs its
//! own size plus 6 to 11 bytes of index.
//!
//! Scanning goes from the end of the array to its start. An entry only ever moves to a lower
//! position, so one that is there from start to end of a scan cannot slip from the part still to be
//! visited into the part already visited: SCAN's guarantee holds under any growth and shrinking
//! without hash-ordered cursors.

mod chunks;
mod index;
#[cfg(test)]
mod tests;

pub(crate) use chunks::Iter;

use crate::Likely;
use crate::hash_seed;
use chunks::Chunks;
use index::Index;

/// What a [`Table`] holds.
pub(crate) trait Entry {
    /// The bytes the entry is found by.
    fn key(&self) -> &[u8];
    /// Heap bytes the entry owns.
    fn heap_size(&self) -> usize;
}

/// Up to this many entries a table has no index: comparing them all takes no longer than hashing.
const UNINDEXED_MAX: usize = 8;

/// Entries by key, dense and in a deterministic order.
#[derive(Clone, Debug)]
pub(crate) struct Table<E> {
    entries: Chunks<E>,
    index: Index,
    entries_heap: usize,
}

impl<E: Entry> Table<E> {
    pub fn new() -> Self {
        Self {
            entries: Chunks::new(),
            index: Index::new(),
            entries_heap: 0,
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub fn position(&self, key: &[u8]) -> Option<usize> {
        if self.index.is_built() {
            self.index.find(hash_seed::hash(key), |position| {
                self.entries.at(position).key() == key
            })
        } else {
            self.entries.iter().position(|entry| entry.key() == key)
        }
    }

    /// The entry that a search for `key` most likely ends at, judged by the index alone. Without an index: none.
    pub fn likely(&self, key: &[u8]) -> Option<Likely<'_>> {
        if !self.index.is_built() {
            return None;
        }
        let position = self.index.find(hash_seed::hash(key), |_| true)?;
        Some(Likely::new(self.entries.at(position)))
    }

    #[inline]
    pub fn at(&self, position: usize) -> &E {
        self.entries.at(position)
    }

    #[inline]
    pub fn get(&self, key: &[u8]) -> Option<&E> {
        self.position(key).map(|position| self.at(position))
    }

    /// Changes an entry in place. Its key must stay the same.
    pub fn update<R>(&mut self, position: usize, change: impl FnOnce(&mut E) -> R) -> R {
        let entry = self.entries.at_mut(position);
        let before = entry.heap_size();
        let result = change(entry);
        self.entries_heap = self.entries_heap + entry.heap_size() - before;
        result
    }

    /// Adds an entry whose key is not there yet and returns its position.
    pub fn insert_new(&mut self, entry: E) -> usize {
        let position = self.entries.len();
        self.entries_heap += entry.heap_size();
        self.entries.push(entry);
        let hash_of = |position: usize| hash_seed::hash(self.entries.at(position).key());
        if self.index.is_built() {
            self.index.insert(hash_of(position), position, hash_of);
        } else if self.len() > UNINDEXED_MAX {
            self.index.build(self.len(), hash_of);
        }
        position
    }

    /// Removes the entry at `position`; the last entry takes its place.
    pub fn remove_at(&mut self, position: usize) -> E {
        if self.index.is_built() {
            let hash_of = |position: usize| hash_seed::hash(self.entries.at(position).key());
            self.index.remove(hash_of(position), position, hash_of);
            let last = self.len() - 1;
            if position != last {
                self.index.rename(hash_of(last), last, position);
            }
        }
        let entry = self.entries.swap_remove(position);
        self.entries_heap -= entry.heap_size();
        entry
    }

    /// Undoes the last [`remove_at`](Self::remove_at): the entry gets its place back, and the one that took it goes back
    /// to the end.
    pub fn restore_at(&mut self, position: usize, entry: E) {
        let last = self.len();
        if position == last {
            self.insert_new(entry);
            return;
        }
        self.entries_heap += entry.heap_size();
        let moved = std::mem::replace(self.entries.at_mut(position), entry);
        self.entries.push(moved);
        let hash_of = |position: usize| hash_seed::hash(self.entries.at(position).key());
        if self.index.is_built() {
            self.index.rename(hash_of(last), position, last);
            self.index.insert(hash_of(position), position, hash_of);
        } else if self.len() > UNINDEXED_MAX {
            self.index.build(self.len(), hash_of);
        }
    }

    pub fn remove(&mut self, key: &[u8]) -> Option<E> {
        self.position(key).map(|position| self.remove_at(position))
    }

    #[inline]
    pub fn iter(&self) -> Iter<'_, E> {
        self.entries.iter()
    }

    /// Visits about `count` entries from `cursor` (0 starts) and returns the next cursor (0: done).
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&E)) -> u64 {
        let len = self.entries.len();
        let end = match usize::try_from(cursor) {
            Ok(0) | Err(_) => len,
            Ok(cursor) => cursor.min(len),
        };
        let start = end.saturating_sub(count.max(1));
        self.entries.range(start, end).rev().for_each(visit);
        start as u64
    }

    /// Heap bytes of the table and its entries.
    pub fn heap_size(&self) -> usize {
        self.entries.heap_size() + self.index.heap_size() + self.entries_heap
    }
}
