//! A value of any type, 16 bytes.

use crate::{Encoding, Hash, List, Set, SortedSet, StringValue};

/// What a key holds. Cloning copies the whole value; two values are equal if their contents are,
/// whatever their encodings.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string.
    String(StringValue),
    /// A list.
    List(Box<List>),
    /// A hash.
    Hash(Box<Hash>),
    /// A set.
    Set(Box<Set>),
    /// A sorted set.
    SortedSet(Box<SortedSet>),
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    /// The name TYPE shows.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::SortedSet(_) => "zset",
        }
    }

    /// The internal form, as OBJECT ENCODING shows it.
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::String(string) => string.encoding(),
            Self::List(list) => list.encoding(),
            Self::Hash(hash) => hash.encoding(),
            Self::Set(set) => set.encoding(),
            Self::SortedSet(zset) => zset.encoding(),
        }
    }

    /// Heap bytes the value owns, not counting its own 16. Takes constant time.
    pub fn heap_size(&self) -> usize {
        match self {
            Self::String(string) => string.heap_size(),
            Self::List(list) => size_of::<List>() + list.heap_size(),
            Self::Hash(hash) => size_of::<Hash>() + hash.heap_size(),
            Self::Set(set) => size_of::<Set>() + set.heap_size(),
            Self::SortedSet(zset) => size_of::<SortedSet>() + zset.heap_size(),
        }
    }

    /// Number of elements, fields or members; 1 for a string. Freeing the value takes time in
    /// proportion to it.
    pub fn element_count(&self) -> usize {
        match self {
            Self::String(_) => 1,
            Self::List(list) => list.len(),
            Self::Hash(hash) => hash.len(),
            Self::Set(set) => set.len(),
            Self::SortedSet(zset) => zset.len(),
        }
    }
}

impl From<StringValue> for Value {
    fn from(string: StringValue) -> Self {
        Self::String(string)
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(Box::new(list))
    }
}

impl From<Hash> for Value {
    fn from(hash: Hash) -> Self {
        Self::Hash(Box::new(hash))
    }
}

impl From<Set> for Value {
    fn from(set: Set) -> Self {
        Self::Set(Box::new(set))
    }
}

impl From<SortedSet> for Value {
    fn from(zset: SortedSet) -> Self {
        Self::SortedSet(Box::new(zset))
    }
}
