//! A segment: a small, bounded piece of a table.
//!
//! ```text
//! index    [ 0 3 0 1 … 2 ]   open addressing: 0 is free, else the entry's position plus one, and 16 bits of its hash
//! entries  [ E0 E1 E2 … ]    dense, in no order; removal swaps the last one in
//! ```
//!
//! Entries lie densely so that a table wastes little memory (the index costs 6 to 9 bytes an entry), and so that SCAN
//! and expiry walk plain arrays. The hash bits in the index let a probe pass over other entries without touching them,
//! each of which would be a cache miss. A segment never holds more than [`SEGMENT_MAX`] entries unless hashes collide so
//! badly that splitting does not help; growth is therefore a bounded step, never a stall.

use types::bytes_equal;

use crate::entry::Entry;

/// Entries a segment holds before its table splits it: small enough that a split takes microseconds.
pub(crate) const SEGMENT_MAX: usize = 448;

/// The hard limit of positions 16 bits can name.
const POSITION_MAX: usize = u16::MAX as usize - 1;

const INDEX_MIN: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Segment {
    /// How many leading hash bits all entries here share; the table's bookkeeping.
    pub(crate) depth: u8,
    index: Box<[u32]>,
    entries: Vec<Entry>,
}

impl Segment {
    pub(crate) fn new(depth: u8) -> Segment {
        Segment {
            depth,
            index: Box::default(),
            entries: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    #[inline]
    pub(crate) fn entry_mut(&mut self, position: usize) -> &mut Entry {
        &mut self.entries[position]
    }

    /// Bytes taken beside the entries: the index, and room for entries to come.
    pub(crate) fn overhead(&self) -> usize {
        let room = self.entries.capacity() - self.entries.len();
        size_of::<Segment>() + size_of_val(&*self.index) + room * size_of::<Entry>()
    }

    /// Whether another entry fits at all; false only under an attack on the hash.
    pub(crate) fn has_room(&self) -> bool {
        self.entries.len() < POSITION_MAX
    }

    #[inline]
    pub(crate) fn find(&self, hash: u32, key: &[u8]) -> Option<usize> {
        if self.index.is_empty() {
            return None;
        }
        let mask = self.index.len() - 1;
        let mut probe = self.home(hash);
        loop {
            let mark = self.index[probe];
            if mark == 0 {
                return None;
            }
            if mark >> 16 == hash & 0xffff {
                let position = position_of(mark);
                let entry = &self.entries[position];
                if entry.hash == hash && bytes_equal(&entry.key, key) {
                    return Some(position);
                }
            }
            probe = (probe + 1) & mask;
        }
    }

    /// The entries with this hash, with their positions.
    pub(crate) fn with_hash(&self, hash: u32) -> impl Iterator<Item = (usize, &Entry)> {
        let size = self.index.len();
        let home = if size == 0 { 0 } else { self.home(hash) };
        let marks = (0..size).map(move |step| self.index[(home + step) & (size - 1)]);
        marks
            .take_while(|&mark| mark != 0)
            .filter(move |mark| mark >> 16 == hash & 0xffff)
            .map(|mark| (position_of(mark), &self.entries[position_of(mark)]))
            .filter(move |(_, entry)| entry.hash == hash)
    }

    /// The first mark a search for this hash meets.
    pub(crate) fn first_mark(&self, hash: u32) -> u32 {
        match self.index.len() {
            0 => 0,
            _ => self.index[self.home(hash)],
        }
    }

    /// The entry that a search for this hash most likely ends at: the first whose mark fits. No entry is looked at.
    pub(crate) fn likely(&self, hash: u32) -> Option<&Entry> {
        let mask = self.index.len().checked_sub(1)?;
        let mut probe = self.home(hash);
        loop {
            let mark = self.index[probe];
            if mark == 0 {
                return None;
            }
            if mark >> 16 == hash & 0xffff {
                return self.entries.get(position_of(mark));
            }
            probe = (probe + 1) & mask;
        }
    }

    /// Adds an entry whose key is not here; returns its position.
    pub(crate) fn insert(&mut self, entry: Entry) -> usize {
        // Three quarters full at the most, so that probes stay short.
        if (self.entries.len() + 1) * 4 > self.index.len() * 3 {
            self.rebuild_index((self.index.len() * 2).max(INDEX_MIN));
        }
        if self.entries.len() == self.entries.capacity() {
            // Grow by an eighth, not by doubling: idle capacity is the largest part of a dense table's overhead.
            let more = (self.entries.len() / 8).max(4);
            self.entries.reserve_exact(more);
        }
        let position = self.entries.len();
        let slot = self.free_slot(entry.hash);
        self.index[slot] = mark_of(position, entry.hash);
        self.entries.push(entry);
        position
    }

    /// Takes the entry at `position` out; the last entry takes its place.
    pub(crate) fn remove(&mut self, position: usize) -> Entry {
        let slot = self.slot_of(position);
        self.clear_slot(slot);
        let last = self.entries.len() - 1;
        if position != last {
            let moved = self.slot_of(last);
            self.index[moved] = mark_of(position, self.entries[last].hash);
        }
        let entry = self.entries.swap_remove(position);
        if self.entries.capacity() > 16 && self.entries.len() * 4 < self.entries.capacity() {
            self.entries.shrink_to(self.entries.len() * 2);
            let wanted = (self.entries.len() * 2).next_power_of_two().max(INDEX_MIN);
            self.rebuild_index(wanted);
        }
        entry
    }

    /// Takes all entries out and leaves an empty segment of the same depth.
    pub(crate) fn take_entries(&mut self) -> Vec<Entry> {
        self.index = Box::default();
        std::mem::take(&mut self.entries)
    }

    /// Makes room for exactly `count` entries, before a split hands them over.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.entries.reserve_exact(count);
        self.rebuild_index((count * 4 / 3 + 1).next_power_of_two().max(INDEX_MIN));
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        // Entries of a segment share their leading bits; multiplying spreads the remaining ones to the top.
        let bits = self.index.len().trailing_zeros();
        (u64::from(hash.wrapping_mul(0x9E37_79B1)) >> (32 - bits)) as usize
    }

    fn free_slot(&self, hash: u32) -> usize {
        let mask = self.index.len() - 1;
        let mut probe = self.home(hash);
        while self.index[probe] != 0 {
            probe = (probe + 1) & mask;
        }
        probe
    }

    fn slot_of(&self, position: usize) -> usize {
        let mask = self.index.len() - 1;
        let hash = self.entries[position].hash;
        let mark = mark_of(position, hash);
        let mut probe = self.home(hash);
        while self.index[probe] != mark {
            probe = (probe + 1) & mask;
        }
        probe
    }

    /// Frees a slot and closes the gap, so that no tombstones are needed.
    fn clear_slot(&mut self, slot: usize) {
        let mask = self.index.len() - 1;
        let mut gap = slot;
        let mut probe = slot;
        loop {
            probe = (probe + 1) & mask;
            let mark = self.index[probe];
            if mark == 0 {
                break;
            }
            let home = self.home(self.entries[position_of(mark)].hash);
            let distance_home = probe.wrapping_sub(home) & mask;
            let distance_gap = probe.wrapping_sub(gap) & mask;
            if distance_home >= distance_gap {
                self.index[gap] = mark;
                gap = probe;
            }
        }
        self.index[gap] = 0;
    }

    fn rebuild_index(&mut self, size: usize) {
        self.index = vec![0; size].into_boxed_slice();
        for position in 0..self.entries.len() {
            let hash = self.entries[position].hash;
            let slot = self.free_slot(hash);
            self.index[slot] = mark_of(position, hash);
        }
    }
}

fn mark_of(position: usize, hash: u32) -> u32 {
    hash << 16 | (position as u32 + 1)
}

fn position_of(mark: u32) -> usize {
    (mark & 0xffff) as usize - 1
}
