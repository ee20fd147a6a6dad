//! The string arena and the table of interned strings.

use std::sync::Arc;

use rapidhash::v3::RapidSecrets;

use super::arena::{Arena, Object};
use crate::hash_seed::{hash_text, secrets};
use crate::value::{MAX_SHORT, StringHandle, Value};

/// Longest string kept inside its arena slot.
pub const INLINE: usize = 22;
/// The end of a chain of interned strings.
const NO_STRING: u32 = u32::MAX;
/// Stands for the next string of a chain in a string that is in none.
const NOT_INTERNED: u32 = u32::MAX - 1;

/// The bytes of a string.
pub(crate) enum StringData {
    /// A short one, in place.
    Inline { length: u8, bytes: [u8; INLINE] },
    /// A longer one.
    Owned(Box<[u8]>),
    /// A buffer shared with the host.
    Shared(Arc<[u8]>),
    /// No string.
    Vacant,
}

/// A slot of the string arena.
pub(crate) struct StringObject {
    /// The hash of 5.1; 0 if it has not been computed.
    hash: u32,
    /// Next interned string in the same bucket.
    next: u32,
    data: StringData,
}

impl StringObject {
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.data {
            StringData::Inline { length, bytes } => &bytes[..*length as usize],
            StringData::Owned(bytes) => bytes,
            StringData::Shared(bytes) => bytes,
            StringData::Vacant => &[],
        }
    }

    fn known_hash(&self) -> u32 {
        match self.hash {
            0 => hash_bytes(self.bytes()),
            hash => hash,
        }
    }

    /// The heap bytes behind the slot.
    fn extra_bytes(&self) -> usize {
        match &self.data {
            StringData::Inline { .. } | StringData::Vacant => 0,
            StringData::Owned(bytes) => bytes.len(),
            StringData::Shared(bytes) => bytes.len(),
        }
    }
}

impl Object for StringObject {
    fn is_vacant(&self) -> bool {
        matches!(self.data, StringData::Vacant)
    }

    fn vacate(&mut self) {
        self.data = StringData::Vacant;
    }

    fn size(&self) -> usize {
        if self.is_vacant() {
            0
        } else {
            size_of::<StringObject>() + self.extra_bytes()
        }
    }
}

/// 5.1's string hash: the length, then every `length / 32 + 1`-th byte from the last one.
#[inline]
pub fn hash_bytes(bytes: &[u8]) -> u32 {
    let mix = |hash: u32, byte: u8| {
        hash ^ (hash << 5)
            .wrapping_add(hash >> 2)
            .wrapping_add(u32::from(byte))
    };
    let length = bytes.len() as u32;
    if bytes.len() < 32 {
        return bytes.iter().rev().copied().fold(length, mix);
    }
    let step = (bytes.len() >> 5) + 1;
    bytes
        .iter()
        .rev()
        .step_by(step)
        .take(bytes.len() / step)
        .copied()
        .fold(length, mix)
}

/// Whether two texts, of which mostly both are short, are equal: without a call.
#[inline(always)]
fn are_equal(a: &[u8], b: &[u8]) -> bool {
    let word = |bytes: &[u8], at: usize| bytes[at..].first_chunk().copied().map(u64::from_le_bytes);
    match a.len() {
        length if length != b.len() => false,
        8..=INLINE => {
            word(a, 0) == word(b, 0)
                && word(a, a.len() - 8) == word(b, b.len() - 8)
                && (a.len() <= 16 || word(a, 8) == word(b, 8))
        }
        _ => a == b,
    }
}

/// All strings of a heap.
pub struct Strings {
    pub(crate) arena: Arena<StringObject>,
    /// The interned strings, by [`hash_text`].
    buckets: Vec<u32>,
    interned: usize,
    secrets: &'static RapidSecrets,
    /// The slots a sweep has still to look at. What is there without a mark is dead, but not gone yet.
    pub(super) unswept: std::ops::Range<u32>,
}

impl Strings {
    pub(super) fn new() -> Strings {
        Strings {
            arena: Arena::new(),
            buckets: vec![NO_STRING; 256],
            interned: 0,
            secrets: secrets(),
            unswept: 0..0,
        }
    }

    /// The bytes of a string.
    #[inline(always)]
    pub fn bytes(&self, string: StringHandle) -> &[u8] {
        self.arena[string.index()].bytes()
    }

    /// The bytes of a string that is kept in its slot, and how many of them there are; what follows them are zeros.
    #[inline(always)]
    pub(super) fn in_place(&self, string: StringHandle) -> Option<(&[u8; INLINE], usize)> {
        match &self.arena[string.index()].data {
            StringData::Inline { length, bytes } => Some((bytes, usize::from(*length))),
            _ => None,
        }
    }

    /// Adds the bytes of a string to others.
    #[inline(always)]
    pub(crate) fn append(&self, string: StringHandle, out: &mut Vec<u8>) {
        match &self.arena[string.index()].data {
            StringData::Inline { length, bytes } => {
                // As many bytes as a slot has are copied in two moves, as many as the text has by a call.
                let end = out.len() + *length as usize;
                out.extend_from_slice(bytes);
                out.truncate(end);
            }
            StringData::Owned(bytes) => out.extend_from_slice(bytes),
            StringData::Shared(bytes) => out.extend_from_slice(bytes),
            StringData::Vacant => {}
        }
    }

    /// A long string's bytes as a buffer shared with the host; a short string has none.
    pub fn share(&mut self, string: StringHandle) -> Option<Arc<[u8]>> {
        let data = &mut self.arena[string.index()].data;
        if let StringData::Owned(bytes) = data {
            *data = StringData::Shared(Arc::from(std::mem::take(bytes)));
        }
        match data {
            StringData::Shared(bytes) => Some(Arc::clone(bytes)),
            _ => None,
        }
    }

    /// Whether two values are equal without metamethods.
    #[inline]
    pub fn raw_equals(&self, a: Value, b: Value) -> bool {
        match (a, b) {
            (Value::String(a), Value::String(b)) => self.equal(a, b),
            _ => a.is_identical(b),
        }
    }

    /// Whether two strings are equal.
    #[inline]
    pub fn equal(&self, a: StringHandle, b: StringHandle) -> bool {
        a == b
            || (a.is_long()
                && b.is_long()
                && (a.hash() == b.hash() || a.is_loose() || b.is_loose())
                && self.bytes(a) == self.bytes(b))
    }

    /// The handle of a string under which it may be a key.
    #[inline]
    pub(crate) fn key(&self, string: StringHandle) -> StringHandle {
        if !string.is_loose() {
            return string;
        }
        let object = &self.arena[string.index()];
        StringHandle::new(string.index() as u32, object.known_hash(), string.is_long())
    }

    /// The same for a string that is to become a key: its hash will be known from now on.
    pub(super) fn settle(&mut self, string: StringHandle) -> StringHandle {
        let key = self.key(string);
        self.arena[key.index()].hash = key.hash();
        key
    }

    /// A long string whose hash is not computed.
    pub(super) fn add_loose(&mut self, data: StringData) -> (StringHandle, usize) {
        let object = StringObject {
            hash: 0,
            next: NOT_INTERNED,
            data,
        };
        let added = size_of::<StringObject>() + object.extra_bytes();
        (StringHandle::loose(self.arena.insert(object), true), added)
    }

    /// The bucket of an interned string with these bytes.
    #[inline(always)]
    fn bucket(&self, bytes: &[u8]) -> usize {
        hash_text(bytes, self.secrets) as usize & (self.buckets.len() - 1)
    }

    /// The place of the interned string with these bytes in this bucket, if there is one.
    #[inline(always)]
    fn find_interned(&self, bytes: &[u8], bucket: usize) -> Option<u32> {
        let mut index = self.buckets[bucket];
        while index != NO_STRING {
            let object = &self.arena[index as usize];
            if are_equal(object.bytes(), bytes) {
                return Some(index);
            }
            index = object.next;
        }
        None
    }

    /// The interned string with these bytes, made if there is none. Returns the bytes of heap it added.
    #[inline]
    pub(super) fn intern(&mut self, bytes: &[u8]) -> (StringHandle, usize) {
        let (string, added) = self.intern_loose(bytes);
        if string.is_loose() {
            return (self.settle(string), added);
        }
        (string, added)
    }

    /// The same without the hash, if that is not known.
    #[inline]
    pub(super) fn intern_loose(&mut self, bytes: &[u8]) -> (StringHandle, usize) {
        debug_assert!(bytes.len() <= MAX_SHORT);
        let bucket = self.bucket(bytes);
        match self.find_interned(bytes, bucket) {
            Some(index) => (self.revived(index), 0),
            None => self.add_interned(bytes, bucket),
        }
    }

    /// The same for a part of a string.
    #[inline]
    pub(super) fn intern_part(
        &mut self,
        string: StringHandle,
        range: std::ops::Range<usize>,
    ) -> (StringHandle, usize) {
        let bytes = &self.bytes(string)[range];
        let bucket = self.bucket(bytes);
        let mut copy = [0; MAX_SHORT];
        let (string, added) = match self.find_interned(bytes, bucket) {
            Some(index) => (self.revived(index), 0),
            None => {
                let copy = &mut copy[..bytes.len()];
                copy.copy_from_slice(bytes);
                self.add_interned(copy, bucket)
            }
        };
        if string.is_loose() {
            return (self.settle(string), added);
        }
        (string, added)
    }

    /// A string that was found, which may be dead if the sweep has not come to it: it lives again.
    #[inline(always)]
    fn revived(&mut self, index: u32) -> StringHandle {
        if self.unswept.contains(&index) {
            self.arena.marks.insert(index as usize);
        }
        match self.arena[index as usize].hash {
            0 => StringHandle::loose(index, false),
            hash => StringHandle::new(index, hash, false),
        }
    }

    fn add_interned(&mut self, bytes: &[u8], bucket: usize) -> (StringHandle, usize) {
        let (hash, next) = (0, self.buckets[bucket]);
        let mut added = size_of::<StringObject>();
        let index = if let length @ ..=INLINE = bytes.len() {
            let data = StringData::Inline {
                length: length as u8,
                bytes: [0; INLINE],
            };
            let index = self.arena.insert(StringObject { hash, next, data });
            // The bytes go where they stay: to move what was just written in other pieces is to wait for it.
            if let StringData::Inline { bytes: place, .. } = &mut self.arena[index as usize].data {
                place[..length].copy_from_slice(bytes);
            }
            index
        } else {
            added += bytes.len();
            let data = StringData::Owned(bytes.into());
            self.arena.insert(StringObject { hash, next, data })
        };
        self.buckets[bucket] = index;
        self.interned += 1;
        // Half of them empty: a string that is looked for in vain then mostly is not compared with another.
        if self.interned * 2 > self.buckets.len() {
            self.grow_buckets();
        }
        (StringHandle::loose(index, false), added)
    }

    /// Adds a string that is too long to be interned.
    pub(super) fn add_long(&mut self, data: StringData) -> (StringHandle, usize) {
        let mut object = StringObject {
            hash: 0,
            next: NOT_INTERNED,
            data,
        };
        object.hash = hash_bytes(object.bytes());
        let hash = object.hash;
        let added = size_of::<StringObject>() + object.extra_bytes();
        let index = self.arena.insert(object);
        (StringHandle::new(index, hash, true), added)
    }

    #[cold]
    fn grow_buckets(&mut self) {
        let size = self.buckets.len() * 2;
        let old = std::mem::replace(&mut self.buckets, vec![NO_STRING; size]);
        for head in old {
            let mut index = head;
            while index != NO_STRING {
                let bucket = self.bucket(self.arena[index as usize].bytes());
                let object = &mut self.arena[index as usize];
                let next = object.next;
                object.next = self.buckets[bucket];
                self.buckets[bucket] = index;
                index = next;
            }
        }
    }

    /// Sweeps slots of strings; see [`Arena::sweep`]. Returns where to go on, `usize::MAX` for nowhere, and the bytes it freed.
    pub(super) fn sweep(&mut self, work: &mut usize) -> (usize, usize) {
        let Strings {
            arena,
            buckets,
            interned,
            secrets,
            unswept,
        } = self;
        let mut freed = 0;
        let next = arena.sweep(
            unswept.start as usize,
            unswept.end as usize,
            work,
            |items, index| {
                *interned -= usize::from(unlink(items, buckets, secrets, index));
                freed += items[index].size();
                items[index].vacate();
            },
        );
        unswept.start = next as u32;
        let is_whole = next >= (unswept.end as usize).min(arena.len());
        (if is_whole { usize::MAX } else { next }, freed)
    }

    /// Drops the young strings. Returns the bytes it freed.
    pub(super) fn drop_young(&mut self) -> usize {
        for index in (self.arena.young_from as usize..self.arena.len()).rev() {
            let was_interned = unlink(
                &mut self.arena.items,
                &mut self.buckets,
                self.secrets,
                index,
            );
            self.interned -= usize::from(was_interned);
        }
        self.unswept.end = self.unswept.end.min(self.arena.young_from);
        self.arena.drop_young()
    }
}

/// Takes a string out of its chain of interned strings; whether it was in one.
fn unlink(
    items: &mut [StringObject],
    buckets: &mut [u32],
    secrets: &RapidSecrets,
    index: usize,
) -> bool {
    let object = &items[index];
    let next = object.next;
    if next == NOT_INTERNED || object.is_vacant() {
        return false;
    }
    let bucket = hash_text(object.bytes(), secrets) as usize & (buckets.len() - 1);
    let mut at = buckets[bucket];
    if at as usize == index {
        buckets[bucket] = next;
        return true;
    }
    while at != NO_STRING {
        let following = items[at as usize].next;
        if following as usize == index {
            items[at as usize].next = next;
            return true;
        }
        at = following;
    }
    false
}
