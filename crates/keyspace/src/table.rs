//! The table of one database in one shard: extendible hashing over small segments.
//!
//! (Fagin, Nievergelt, Pippenger, Strong: Extendible hashing, TODS 1979.) A directory of 2^depth slots is addressed by
//! the leading bits of the hash; each slot names a segment, and several slots may name the same one. A full segment is
//! split in two by its next bit; only when it already uses all the directory's bits is the directory doubled (four
//! bytes a slot). So growth never stops the world, and memory has no spike.
//!
//! SCAN walks in hash order: its cursor is the next hash to look at. No split, insertion or removal moves a key in
//! that order, so every key present throughout a scan is returned, and none twice (except that keys with equal hashes
//! come together).

use types::bytes_equal;

use crate::entry::Entry;
use crate::segment::{SEGMENT_MAX, Segment};

/// Bits of the hash the directory may use at the most: 2^20 slots are 4 MB. Deeper segments grow instead.
const DEPTH_MAX: u8 = 20;

/// Where an entry is, until the next insertion or removal: the segment in the upper half, the position in the lower one. One
/// word, because two that are written apart and then copied as one have to wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    /// No place at all.
    pub(crate) const NOWHERE: Place = Place(u64::MAX);

    #[inline]
    fn new(segment: u32, position: usize) -> Place {
        Place(u64::from(segment) << 32 | position as u64)
    }

    #[inline]
    fn segment(self) -> usize {
        (self.0 >> 32) as usize
    }

    #[inline]
    fn position(self) -> usize {
        self.0 as u32 as usize
    }
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    depth: u8,
    directory: Vec<u32>,
    segments: Vec<Segment>,
    len: usize,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes taken beside the entries.
    pub(crate) fn overhead(&self) -> usize {
        let segments = self.segments.iter().map(Segment::overhead);
        self.directory.capacity() * size_of::<u32>() + segments.sum::<usize>()
    }

    #[inline]
    pub(crate) fn find(&self, hash: u32, key: &[u8]) -> Option<Place> {
        if self.len == 0 {
            return None;
        }
        let segment = self.directory[self.slot(hash)];
        let position = self.segments[segment as usize].find(hash, key)?;
        Some(Place::new(segment, position))
    }

    /// Whether this key is at a place, which may be out of date.
    #[inline(always)]
    pub(crate) fn holds(&self, place: Place, key: &[u8]) -> bool {
        self.segments
            .get(place.segment())
            .and_then(|segment| segment.entries().get(place.position()))
            .is_some_and(|entry| bytes_equal(&entry.key, key))
    }

    /// The first mark a search for this hash meets.
    pub(crate) fn first_mark(&self, hash: u32) -> u32 {
        self.segment_of(hash)
            .map_or(0, |segment| segment.first_mark(hash))
    }

    /// The entry that a search for this hash most likely ends at, judged by the index alone.
    pub(crate) fn likely(&self, hash: u32) -> Option<&Entry> {
        self.segment_of(hash)?.likely(hash)
    }

    fn segment_of(&self, hash: u32) -> Option<&Segment> {
        if self.len == 0 {
            return None;
        }
        let segment = self.directory[self.slot(hash)];
        Some(&self.segments[segment as usize])
    }

    /// Any entry with this hash that `wanted` accepts.
    pub(crate) fn find_by_hash(&self, hash: u32, wanted: impl Fn(&Entry) -> bool) -> Option<Place> {
        let mut places = self.with_hash(hash);
        places.find_map(|(place, entry)| wanted(entry).then_some(place))
    }

    /// The entries with this hash.
    pub(crate) fn with_hash(&self, hash: u32) -> impl Iterator<Item = (Place, &Entry)> {
        let number = match self.len {
            0 => None,
            _ => Some(self.directory[self.slot(hash)]),
        };
        number.into_iter().flat_map(move |number| {
            let segment = &self.segments[number as usize];
            segment
                .with_hash(hash)
                .map(move |(position, entry)| (Place::new(number, position), entry))
        })
    }

    #[inline]
    pub(crate) fn get(&self, place: Place) -> &Entry {
        &self.segments[place.segment()].entries()[place.position()]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, place: Place) -> &mut Entry {
        self.segments[place.segment()].entry_mut(place.position())
    }

    /// Adds an entry whose key is not in the table.
    pub(crate) fn insert(&mut self, entry: Entry) -> Place {
        if self.directory.is_empty() {
            self.directory.push(0);
            self.segments.push(Segment::new(0));
        }
        loop {
            let segment = self.directory[self.slot(entry.hash)];
            let target = &mut self.segments[segment as usize];
            let splittable = target.depth < DEPTH_MAX;
            if target.len() < SEGMENT_MAX || (!splittable && target.has_room()) {
                let position = target.insert(entry);
                self.len += 1;
                return Place::new(segment, position);
            }
            assert!(
                splittable,
                "more than 65,000 keys whose hashes share 20 bits"
            );
            self.split(segment);
        }
    }

    pub(crate) fn remove(&mut self, place: Place) -> Entry {
        let entry = self.segments[place.segment()].remove(place.position());
        self.len -= 1;
        if self.len == 0 {
            *self = Table::default();
        }
        entry
    }

    /// Calls `visit` with the entries whose hashes are the smallest at or after `from`, at least `count` of them unless
    /// the table ends before; returns the hash to go on from, or `None` at the end.
    pub(crate) fn scan(
        &self,
        from: u32,
        count: usize,
        mut visit: impl FnMut(&Entry),
    ) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let mut from = from;
        let mut left = count.max(1);
        let mut found: Vec<(u32, u32)> = Vec::new();
        loop {
            let slot = self.slot(from);
            let segment = &self.segments[self.directory[slot] as usize];
            found.clear();
            for (position, entry) in segment.entries().iter().enumerate() {
                if entry.hash >= from {
                    found.push((entry.hash, position as u32));
                }
            }
            if found.len() > left {
                found.select_nth_unstable(left - 1);
                let last = found[left - 1].0;
                // All of an equal hash go together: the cursor cannot stop between them.
                for &(hash, position) in &found {
                    if hash <= last {
                        visit(&segment.entries()[position as usize]);
                    }
                }
                return last.checked_add(1);
            }
            for &(_, position) in &found {
                visit(&segment.entries()[position as usize]);
            }
            left -= found.len();
            from = self.segment_end(slot)?;
            if left == 0 {
                return Some(from);
            }
        }
    }

    /// All entries, segment by segment.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.segments
            .iter()
            .flat_map(|segment| segment.entries().iter())
    }

    /// An entry picked by `random`: a segment weighted only by its share of hashes, as a fair choice among segments of
    /// similar fill, then any entry of it.
    pub(crate) fn random(&self, mut random: impl FnMut() -> u64) -> Option<&Entry> {
        if self.len == 0 {
            return None;
        }
        loop {
            let slot = (random() % self.directory.len() as u64) as usize;
            let entries = self.segments[self.directory[slot] as usize].entries();
            // Rejection keeps the choice uniform although segments differ in fill.
            let pick = (random() % (SEGMENT_MAX as u64).max(entries.len() as u64)) as usize;
            if let Some(entry) = entries.get(pick) {
                return Some(entry);
            }
            if self.len < 64 {
                let nth = (random() % self.len as u64) as usize;
                return self.iter().nth(nth);
            }
        }
    }

    #[inline]
    fn slot(&self, hash: u32) -> usize {
        (u64::from(hash) >> (32 - u32::from(self.depth))) as usize
    }

    /// The first hash after the segment that `slot` names, or `None` after the last.
    fn segment_end(&self, slot: usize) -> Option<u32> {
        let depth = u32::from(self.segments[self.directory[slot] as usize].depth);
        let shared = u32::from(self.depth) - depth;
        let next = ((slot as u64 >> shared) + 1) << (32 - depth);
        u32::try_from(next).ok()
    }

    fn split(&mut self, segment: u32) {
        let depth = self.segments[segment as usize].depth;
        if depth == self.depth {
            self.directory = self
                .directory
                .iter()
                .flat_map(|&slot| [slot, slot])
                .collect();
            self.depth += 1;
        }
        let sibling = self.segments.len() as u32;
        let entries = self.segments[segment as usize].take_entries();
        let bit = 31 - u32::from(depth);
        let upper_count = entries
            .iter()
            .filter(|entry| entry.hash >> bit & 1 == 1)
            .count();
        let mut lower = Segment::new(depth + 1);
        let mut upper = Segment::new(depth + 1);
        lower.reserve(entries.len() - upper_count);
        upper.reserve(upper_count);
        let first_slot = self.slot(entries[0].hash >> bit >> 1 << bit << 1);
        for entry in entries {
            let half = if entry.hash >> bit & 1 == 1 {
                &mut upper
            } else {
                &mut lower
            };
            half.insert(entry);
        }
        self.segments[segment as usize] = lower;
        self.segments.push(upper);
        let width = 1usize << (self.depth - depth);
        for slot in &mut self.directory[first_slot + width / 2..first_slot + width] {
            *slot = sibling;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use types::{Bytes, StringValue, Value};

    use super::*;
    use crate::entry::NEVER;

    fn entry(hash: u32, key: &[u8]) -> Entry {
        Entry {
            key: Bytes::from(key),
            value: Value::String(StringValue::new(key)),
            expire_at: NEVER,
            hash,
            access: 0,
        }
    }

    fn hash_of(number: u32) -> u32 {
        number.wrapping_mul(0x85EB_CA6B) ^ number.rotate_left(13)
    }

    #[test]
    fn holds_what_was_put_in() {
        let mut table = Table::default();
        for number in 0..50_000u32 {
            table.insert(entry(hash_of(number), &number.to_le_bytes()));
        }
        assert_eq!(table.len(), 50_000);
        for number in 0..50_000u32 {
            let place = table
                .find(hash_of(number), &number.to_le_bytes())
                .expect("was put in");
            assert_eq!(*table.get(place).key, number.to_le_bytes());
        }
        for number in 0..50_000u32 {
            let place = table
                .find(hash_of(number), &number.to_le_bytes())
                .expect("was put in");
            table.remove(place);
        }
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn a_scan_that_sees_growth_misses_nothing() {
        let mut table = Table::default();
        for number in 0..1000u32 {
            table.insert(entry(hash_of(number), &number.to_le_bytes()));
        }
        let mut seen = BTreeMap::new();
        let mut from = Some(0);
        let mut added = 1000u32;
        while let Some(hash) = from {
            from = table.scan(hash, 10, |entry| {
                *seen.entry(entry.key.to_vec()).or_insert(0) += 1;
            });
            // More growth than this and the scan would chase it for ever.
            for _ in 0..if added < 20_000 { 100 } else { 0 } {
                table.insert(entry(hash_of(added), &added.to_le_bytes()));
                added += 1;
            }
        }
        for number in 0..1000u32 {
            assert_eq!(seen.get(number.to_le_bytes().as_slice()), Some(&1));
        }
    }

    proptest! {
        // A case is thousands of operations: a few dozen are enough.
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn behaves_like_a_map(operations in prop::collection::vec((0u32..600, any::<bool>()), 1..3000)) {
            let mut table = Table::default();
            let mut model = BTreeMap::new();
            for (number, add) in operations {
                // Few distinct leading bits, so that deep splits and equal hashes happen.
                let hash = hash_of(number / 2) & 0xF000_00FF;
                let key = number.to_le_bytes();
                let place = table.find(hash, &key);
                prop_assert_eq!(place.is_some(), model.contains_key(&number));
                match (place, add) {
                    (None, true) => {
                        table.insert(entry(hash, &key));
                        model.insert(number, hash);
                    }
                    (Some(place), false) => {
                        table.remove(place);
                        model.remove(&number);
                    }
                    _ => {}
                }
                prop_assert_eq!(table.len(), model.len());
            }
            let mut from = Some(0);
            let mut seen = Vec::new();
            while let Some(hash) = from {
                from = table.scan(hash, 7, |entry| seen.push(entry.key.to_vec()));
            }
            seen.sort();
            let mut wanted: Vec<_> = model.keys().map(|number| number.to_le_bytes().to_vec()).collect();
            wanted.sort();
            prop_assert_eq!(seen, wanted);
        }
    }
}
