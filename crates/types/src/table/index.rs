//! Positions by hash, in tables of bounded size that split and merge one at a time (linear
//! hashing).
//!
//! One big table would stop the world to rehash everything each time it doubles: tens of
//! milliseconds at a million entries. Here one table of at most about two thousand positions is
//! rehashed at a time.

use hashbrown::HashTable;

/// One more table is split off when there are more positions per table than this on average: seven
/// eighths of 1,024.
const POSITIONS_PER_TABLE_MAX: usize = 896;

/// Two tables are merged when there are fewer positions per table than this on average.
const POSITIONS_PER_TABLE_MIN: usize = 224;

/// A multimap from hashes to positions. It starts unbuilt, without any memory, and is empty then.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// Table `t` holds the hashes whose low table bits are `t`; see [`Index::table_of`].
    tables: Vec<HashTable<u32>>,
    len: usize,
    heap: usize,
}

impl Index {
    pub fn new() -> Self {
        Self {
            tables: Vec::new(),
            len: 0,
            heap: 0,
        }
    }

    /// Whether the index has been built; else nothing may be asked of it or added to it.
    #[inline]
    pub fn is_built(&self) -> bool {
        !self.tables.is_empty()
    }

    /// Builds the index with the positions below `len`.
    pub fn build(&mut self, len: usize, hash_of: impl Fn(usize) -> u64) {
        self.tables.reserve_exact(1);
        self.tables.push(HashTable::new());
        for position in 0..len {
            self.insert(hash_of(position), position, &hash_of);
        }
    }

    /// The number of the table for a hash. With 2^k + s tables, those below s and from 2^k on are
    /// already split and take one bit of the hash more than the others.
    #[inline]
    fn table_of(&self, hash: u64) -> usize {
        // The tables themselves take their bucket from the low bits and their tag from the seven
        // highest.
        let bits = (hash >> 24) as usize & 0xffff_ffff;
        let wide = self.tables.len().next_power_of_two();
        let table = bits & (wide - 1);
        if table < self.tables.len() {
            table
        } else {
            table & (wide / 2 - 1)
        }
    }

    /// The position with this hash that `is_match`.
    #[inline]
    pub fn find(&self, hash: u64, mut is_match: impl FnMut(usize) -> bool) -> Option<usize> {
        self.tables[self.table_of(hash)]
            .find(hash, |&position| is_match(position as usize))
            .map(|&position| position as usize)
    }

    /// Adds a position; `hash_of` gives the hash of any position in the index.
    pub fn insert(&mut self, hash: u64, position: usize, hash_of: impl Fn(usize) -> u64) {
        let position = u32::try_from(position).expect("2^32 entries of 16 bytes exceed any memory");
        let number = self.table_of(hash);
        let table = &mut self.tables[number];
        self.heap -= table.allocation_size();
        table.insert_unique(hash, position, |&position| hash_of(position as usize));
        self.heap += table.allocation_size();
        self.len += 1;
        if self.len > POSITIONS_PER_TABLE_MAX * self.tables.len() {
            self.split(&hash_of);
        }
    }

    /// Takes a position out; `hash_of` gives the hash of any position that stays.
    pub fn remove(&mut self, hash: u64, position: usize, hash_of: impl Fn(usize) -> u64) {
        let number = self.table_of(hash);
        let table = &mut self.tables[number];
        if let Ok(found) = table.find_entry(hash, |&other| other as usize == position) {
            found.remove();
            self.len -= 1;
            self.shrink(number, &hash_of);
        }
    }

    /// Replaces a position by another for the same hash.
    pub fn rename(&mut self, hash: u64, from: usize, to: usize) {
        let number = self.table_of(hash);
        if let Some(position) =
            self.tables[number].find_mut(hash, |&position| position as usize == from)
        {
            *position = to as u32;
        }
    }

    /// Heap bytes of the index.
    pub fn heap_size(&self) -> usize {
        self.heap + self.tables.capacity() * size_of::<HashTable<u32>>()
    }

    fn split(&mut self, hash_of: &impl Fn(usize) -> u64) {
        let new_number = self.tables.len();
        let number = twin_of(new_number);
        self.tables.push(HashTable::new());
        let old = std::mem::take(&mut self.tables[number]);
        let moved = old
            .iter()
            .filter(|&&position| self.table_of(hash_of(position as usize)) == new_number)
            .count();
        let mut low = HashTable::with_capacity(old.len() - moved);
        let mut high = HashTable::with_capacity(moved);
        for &position in &old {
            let hash = hash_of(position as usize);
            let table = if self.table_of(hash) == new_number {
                &mut high
            } else {
                &mut low
            };
            table.insert_unique(hash, position, |&position| hash_of(position as usize));
        }
        self.heap =
            self.heap - old.allocation_size() + low.allocation_size() + high.allocation_size();
        self.tables[number] = low;
        self.tables[new_number] = high;
    }

    fn shrink(&mut self, number: usize, hash_of: &impl Fn(usize) -> u64) {
        if self.tables.len() > 1 && self.len < POSITIONS_PER_TABLE_MIN * self.tables.len() {
            let last = self.tables.pop().unwrap_or_default();
            let number = twin_of(self.tables.len());
            let twin = &mut self.tables[number];
            self.heap -= last.allocation_size() + twin.allocation_size();
            twin.reserve(last.len(), |&position| hash_of(position as usize));
            for &position in &last {
                twin.insert_unique(hash_of(position as usize), position, |&position| {
                    hash_of(position as usize)
                });
            }
            self.heap += twin.allocation_size();
        } else if self.tables[number].len() < self.tables[number].capacity() / 8 {
            let table = &mut self.tables[number];
            self.heap -= table.allocation_size();
            table.shrink_to_fit(|&position| hash_of(position as usize));
            self.heap += table.allocation_size();
        }
    }
}

/// The table that table `number` is split from: its number without the highest bit.
fn twin_of(number: usize) -> usize {
    number - (number + 1).next_power_of_two() / 2
}
