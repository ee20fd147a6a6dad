//! The string arena and the table of interned strings.

use std::sync::Arc;

use super::arena::{Arena, Object};
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

impl StringData {
    #[inline]
    pub(super) fn new(bytes: &[u8]) -> StringData {
        if bytes.len() > INLINE {
            return StringData::Owned(bytes.into());
        }
        let mut place = [0; INLINE];
        place[..bytes.len()].copy_from_slice(bytes);
        StringData::Inline {
            length: bytes.len() as u8,
            bytes: place,
        }
    }
}

/// A slot of the string arena.
pub(crate) struct StringObject {
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

/// [`hash_bytes`] of four texts of one length below 32. Each byte of a text waits for what the byte before it has given;
/// those of the four do not wait for each other.
fn hash_four(texts: [&[u8]; 4], length: usize) -> [u32; 4] {
    let texts = texts.map(|text| &text[..length]);
    let mut hashes = [length as u32; 4];
    for at in (0..length).rev() {
        for (hash, text) in hashes.iter_mut().zip(texts) {
            *hash ^= (*hash << 5)
                .wrapping_add(*hash >> 2)
                .wrapping_add(u32::from(text[at]));
        }
    }
    hashes
}

/// All strings of a heap.
pub struct Strings {
    pub(crate) arena: Arena<StringObject>,
    buckets: Vec<u32>,
    interned: usize,
    /// The slots a sweep has still to look at. What is there without a mark is dead, but not gone yet.
    pub(super) unswept: std::ops::Range<u32>,
}

impl Strings {
    pub(super) fn new() -> Strings {
        Strings {
            arena: Arena::new(),
            buckets: vec![NO_STRING; 256],
            interned: 0,
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
        if a == b {
            return true;
        }
        if a.is_loose() || b.is_loose() {
            return are_equal(self.bytes(a), self.bytes(b));
        }
        a.hash() == b.hash() && a.is_long() && b.is_long() && self.bytes(a) == self.bytes(b)
    }

    /// The handle under which a string may be a key; none if no string like it is one.
    #[inline]
    pub(crate) fn key(&self, string: StringHandle) -> Option<StringHandle> {
        if !string.is_loose() {
            return Some(string);
        }
        let bytes = self.bytes(string);
        let hash = hash_bytes(bytes);
        if bytes.len() <= MAX_SHORT {
            self.find_interned(bytes, hash)
        } else {
            Some(StringHandle::new(string.index() as u32, hash, true))
        }
    }

    /// The same for a string that is to become a key. Returns the bytes of heap it added.
    pub(super) fn settle(&mut self, string: StringHandle) -> (StringHandle, usize) {
        match self.key(string) {
            Some(key) if key.is_long() => (key, 0),
            Some(key) => (self.revived(key), 0),
            None => {
                let length = self.bytes(string).len();
                self.intern_part(string, 0..length)
            }
        }
    }

    /// A string that is neither hashed nor interned.
    #[inline]
    pub(super) fn add_loose(&mut self, data: StringData) -> (StringHandle, usize) {
        let object = StringObject {
            hash: 0,
            next: NOT_INTERNED,
            data,
        };
        let added = size_of::<StringObject>() + object.extra_bytes();
        (StringHandle::loose(self.arena.insert(object)), added)
    }

    /// The interned string with these bytes and this hash, if there is one.
    #[inline]
    fn find_interned(&self, bytes: &[u8], hash: u32) -> Option<StringHandle> {
        let mut index = self.buckets[hash as usize & (self.buckets.len() - 1)];
        while index != NO_STRING {
            let object = &self.arena[index as usize];
            if object.hash == hash && are_equal(object.bytes(), bytes) {
                return Some(StringHandle::new(index, hash, false));
            }
            index = object.next;
        }
        None
    }

    /// The interned string with these bytes, made if there is none. Returns the bytes of heap it added.
    #[inline]
    pub(super) fn intern(&mut self, bytes: &[u8]) -> (StringHandle, usize) {
        debug_assert!(bytes.len() <= MAX_SHORT);
        self.intern_hashed(bytes, hash_bytes(bytes))
    }

    #[inline]
    fn intern_hashed(&mut self, bytes: &[u8], hash: u32) -> (StringHandle, usize) {
        match self.find_interned(bytes, hash) {
            Some(string) => (self.revived(string), 0),
            None => self.add_interned(bytes, hash),
        }
    }

    /// The interned strings of four texts of one length below 32; nothing if they are not.
    #[inline]
    pub(super) fn intern_four(&mut self, texts: [&[u8]; 4]) -> Option<([StringHandle; 4], usize)> {
        let length = texts[0].len();
        if length >= 32 || texts.iter().any(|text| text.len() != length) {
            return None;
        }
        let hashes = hash_four(texts, length);
        let mut added = 0;
        let strings = [0, 1, 2, 3].map(|at| {
            let (string, more) = self.intern_hashed(texts[at], hashes[at]);
            added += more;
            string
        });
        Some((strings, added))
    }

    /// The same for a part of a string.
    #[inline]
    pub(super) fn intern_part(
        &mut self,
        string: StringHandle,
        range: std::ops::Range<usize>,
    ) -> (StringHandle, usize) {
        let bytes = &self.bytes(string)[range];
        let hash = hash_bytes(bytes);
        if let Some(string) = self.find_interned(bytes, hash) {
            return (self.revived(string), 0);
        }
        let mut copy = [0; MAX_SHORT];
        let copy = &mut copy[..bytes.len()];
        copy.copy_from_slice(bytes);
        self.add_interned(copy, hash)
    }

    /// A string that was found, which may be dead if the sweep has not come to it: it lives again.
    #[inline]
    fn revived(&mut self, string: StringHandle) -> StringHandle {
        if self.unswept.contains(&(string.index() as u32)) {
            self.arena.marks.insert(string.index());
        }
        string
    }

    fn add_interned(&mut self, bytes: &[u8], hash: u32) -> (StringHandle, usize) {
        let bucket = hash as usize & (self.buckets.len() - 1);
        let object = StringObject {
            hash,
            next: self.buckets[bucket],
            data: StringData::new(bytes),
        };
        let added = size_of::<StringObject>() + object.extra_bytes();
        let index = self.arena.insert(object);
        self.buckets[bucket] = index;
        self.interned += 1;
        if self.interned > self.buckets.len() {
            self.grow_buckets();
        }
        (StringHandle::new(index, hash, false), added)
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
                let object = &mut self.arena[index as usize];
                let next = object.next;
                let bucket = object.hash as usize & (size - 1);
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
            unswept,
        } = self;
        let mut freed = 0;
        let next = arena.sweep(
            unswept.start as usize,
            unswept.end as usize,
            work,
            |items, index| {
                *interned -= usize::from(unlink(items, buckets, index));
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
            let was_interned = unlink(&mut self.arena.items, &mut self.buckets, index);
            self.interned -= usize::from(was_interned);
        }
        self.unswept.end = self.unswept.end.min(self.arena.young_from);
        self.arena.drop_young()
    }
}

/// Takes a string out of its chain of interned strings; whether it was in one.
fn unlink(items: &mut [StringObject], buckets: &mut [u32], index: usize) -> bool {
    let object = &items[index];
    let next = object.next;
    if next == NOT_INTERNED || object.is_vacant() {
        return false;
    }
    let bucket = object.hash as usize & (buckets.len() - 1);
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
