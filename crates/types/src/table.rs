//! The hash table under big hashes, sets and sorted sets: a dense array of entries plus an index of 4-byte positions.
//!
//! Entries stand side by side in insertion order; removing one moves the last into its place. So iteration is a walk
//! over an array, a random entry is one array access, and an entry costs its own size plus 5 to 11 bytes of index.
//!
//! Scanning goes from the end of the array to its start. An entry only ever moves to a lower position, so one that is
//! there from start to end of a scan cannot slip from the part still to be visited into the part already visited:
//! SCAN's guarantee holds under any growth and shrinking without hash-ordered cursors.

use hashbrown::HashTable;

use crate::hash_seed;

/// What a [`Table`] holds.
pub(crate) trait Entry {
    /// The bytes the entry is found by.
    fn key(&self) -> &[u8];
    /// Heap bytes the entry owns.
    fn heap_size(&self) -> usize;
}

/// Entries by key, dense and in a deterministic order.
#[derive(Clone, Debug)]
pub(crate) struct Table<E> {
    entries: Vec<E>,
    index: HashTable<u32>,
    entries_heap: usize,
}

impl<E: Entry> Table<E> {
    pub fn new() -> Self {
        Self {
            entries: Vec::new(),
            index: HashTable::new(),
            entries_heap: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub fn position(&self, key: &[u8]) -> Option<usize> {
        self.position_hashed(hash_seed::hash(key), key)
    }

    fn position_hashed(&self, hash: u64, key: &[u8]) -> Option<usize> {
        self.index
            .find(hash, |&position| {
                self.entries[position as usize].key() == key
            })
            .map(|&position| position as usize)
    }

    #[inline]
    pub fn at(&self, position: usize) -> &E {
        &self.entries[position]
    }

    #[inline]
    pub fn get(&self, key: &[u8]) -> Option<&E> {
        self.position(key).map(|position| self.at(position))
    }

    /// Changes an entry in place. Its key must stay the same.
    pub fn update<R>(&mut self, position: usize, change: impl FnOnce(&mut E) -> R) -> R {
        let entry = &mut self.entries[position];
        let before = entry.heap_size();
        let result = change(entry);
        self.entries_heap = self.entries_heap + entry.heap_size() - before;
        result
    }

    /// Adds an entry whose key is not there yet and returns its position.
    pub fn insert_new(&mut self, entry: E) -> usize {
        let position = self.entries.len();
        let handle = u32::try_from(position).expect("a table of 2^32 entries exceeds any memory");
        self.entries_heap += entry.heap_size();
        let hash = hash_seed::hash(entry.key());
        self.entries.push(entry);
        let entries = &self.entries;
        self.index.insert_unique(hash, handle, |&position| {
            hash_seed::hash(entries[position as usize].key())
        });
        position
    }

    /// Removes the entry at `position`; the last entry takes its place.
    pub fn remove_at(&mut self, position: usize) -> E {
        let handle = position as u32;
        let hash = hash_seed::hash(self.entries[position].key());
        if let Ok(found) = self.index.find_entry(hash, |&other| other == handle) {
            found.remove();
        }
        let last = self.entries.len() - 1;
        if position != last {
            let hash = hash_seed::hash(self.entries[last].key());
            if let Some(moved) = self.index.find_mut(hash, |&other| other as usize == last) {
                *moved = handle;
            }
        }
        let entry = self.entries.swap_remove(position);
        self.entries_heap -= entry.heap_size();
        entry
    }

    pub fn remove(&mut self, key: &[u8]) -> Option<E> {
        self.position(key).map(|position| self.remove_at(position))
    }

    pub fn iter(&self) -> std::slice::Iter<'_, E> {
        self.entries.iter()
    }

    /// A uniformly chosen entry.
    pub fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<&E> {
        random_below(self.len(), rng).map(|position| self.at(position))
    }

    /// Visits about `count` entries from `cursor` (0 starts) and returns the next cursor (0: done).
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&E)) -> u64 {
        let len = self.entries.len();
        let end = match usize::try_from(cursor) {
            Ok(0) | Err(_) => len,
            Ok(cursor) => cursor.min(len),
        };
        let start = end.saturating_sub(count.max(1));
        self.entries[start..end].iter().rev().for_each(visit);
        start as u64
    }

    /// Heap bytes of the table and its entries.
    pub fn heap_size(&self) -> usize {
        self.entries.capacity() * size_of::<E>() + self.index.allocation_size() + self.entries_heap
    }
}

/// A uniform number below `bound`; `None` if `bound` is 0.
pub(crate) fn random_below(bound: usize, rng: &mut dyn FnMut() -> u64) -> Option<usize> {
    if bound == 0 {
        return None;
    }
    // The high half of a 128-bit product maps 64 random bits onto the range without a division; its bias is below
    // bound / 2^64.
    Some(((u128::from(rng()) * bound as u128) >> 64) as usize)
}

/// `count` different positions below `bound` in random order; all of them, in order, if `count` reaches `bound`.
pub(crate) fn random_distinct(
    bound: usize,
    count: usize,
    rng: &mut dyn FnMut() -> u64,
) -> Vec<usize> {
    if count >= bound {
        return (0..bound).collect();
    }
    if count > bound / 3 {
        let mut positions: Vec<usize> = (0..bound).collect();
        for chosen in 0..count {
            if let Some(offset) = random_below(bound - chosen, rng) {
                positions.swap(chosen, chosen + offset);
            }
        }
        positions.truncate(count);
        return positions;
    }
    let mut seen = std::collections::HashSet::with_capacity(count);
    let mut positions = Vec::with_capacity(count);
    while positions.len() < count {
        if let Some(position) = random_below(bound, rng)
            && seen.insert(position)
        {
            positions.push(position);
        }
    }
    positions
}
