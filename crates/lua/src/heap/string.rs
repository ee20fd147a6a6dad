//! The string arena and the table of interned strings.

use std::sync::Arc;

use super::Arena;
use crate::value::{MAX_SHORT, StringHandle, Value};

/// Longest string kept inside its arena slot.
const INLINE: usize = 22;
/// The end of a chain of interned strings.
const NO_STRING: u32 = u32::MAX;

/// The bytes of a string.
pub(crate) enum StringData {
    /// A short one, in place.
    Inline { length: u8, bytes: [u8; INLINE] },
    /// A longer one.
    Owned(Box<[u8]>),
    /// A buffer shared with the host.
    Shared(Arc<[u8]>),
}

/// A slot of the string arena.
pub(crate) struct StringObject {
    hash: u32,
    /// Next interned string in the same bucket.
    next: u32,
    data: StringData,
}

impl Default for StringObject {
    fn default() -> StringObject {
        let data = StringData::Inline {
            length: 0,
            bytes: [0; INLINE],
        };
        StringObject {
            hash: 0,
            next: NO_STRING,
            data,
        }
    }
}

impl StringObject {
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.data {
            StringData::Inline { length, bytes } => &bytes[..*length as usize],
            StringData::Owned(bytes) => bytes,
            StringData::Shared(bytes) => bytes,
        }
    }

    /// The heap bytes behind the slot.
    fn extra_bytes(&self) -> usize {
        match &self.data {
            StringData::Inline { .. } => 0,
            StringData::Owned(bytes) => bytes.len(),
            StringData::Shared(bytes) => bytes.len(),
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

/// All strings of a heap.
pub struct Strings {
    pub(crate) arena: Arena<StringObject>,
    buckets: Vec<u32>,
    interned: usize,
}

impl Strings {
    pub(super) fn new() -> Strings {
        Strings {
            arena: Arena::new(),
            buckets: vec![NO_STRING; 256],
            interned: 0,
        }
    }

    /// The bytes of a string.
    #[inline(always)]
    pub fn bytes(&self, string: StringHandle) -> &[u8] {
        self.arena[string.index()].bytes()
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
            || (a.hash() == b.hash()
                && a.is_long()
                && b.is_long()
                && self.bytes(a) == self.bytes(b))
    }

    /// The interned string with these bytes and this hash, if there is one.
    #[inline]
    fn find_interned(&self, bytes: &[u8], hash: u32) -> Option<StringHandle> {
        let mut index = self.buckets[hash as usize & (self.buckets.len() - 1)];
        while index != NO_STRING {
            let object = &self.arena[index as usize];
            if object.hash == hash && object.bytes() == bytes {
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
        let hash = hash_bytes(bytes);
        match self.find_interned(bytes, hash) {
            Some(string) => (string, 0),
            None => self.add_interned(bytes, hash),
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
        let hash = hash_bytes(bytes);
        if let Some(string) = self.find_interned(bytes, hash) {
            return (string, 0);
        }
        let mut copy = [0; MAX_SHORT];
        let copy = &mut copy[..bytes.len()];
        copy.copy_from_slice(bytes);
        self.add_interned(copy, hash)
    }

    fn add_interned(&mut self, bytes: &[u8], hash: u32) -> (StringHandle, usize) {
        let bucket = hash as usize & (self.buckets.len() - 1);
        let data = if bytes.len() <= INLINE {
            let mut place = [0; INLINE];
            place[..bytes.len()].copy_from_slice(bytes);
            StringData::Inline {
                length: bytes.len() as u8,
                bytes: place,
            }
        } else {
            StringData::Owned(bytes.into())
        };
        let object = StringObject {
            hash,
            next: self.buckets[bucket],
            data,
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
            next: NO_STRING,
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

    /// Takes a string out of the intern table (if it is there) and empties its slot. Returns the bytes of heap it freed.
    pub(super) fn release(&mut self, index: u32) -> usize {
        let object = std::mem::take(&mut self.arena[index as usize]);
        if object.bytes().len() <= MAX_SHORT {
            let bucket = object.hash as usize & (self.buckets.len() - 1);
            let mut at = self.buckets[bucket];
            if at == index {
                self.buckets[bucket] = object.next;
                self.interned -= 1;
            } else {
                while at != NO_STRING {
                    let next = self.arena[at as usize].next;
                    if next == index {
                        self.arena[at as usize].next = object.next;
                        self.interned -= 1;
                        break;
                    }
                    at = next;
                }
            }
        }
        size_of::<StringObject>() + object.extra_bytes()
    }
}
