//! What undoes changes of big values: inverse operations, so that the cost of being able to undo follows what was
//! written and not the size of what was touched.
//!
//! A value whose copy costs about as much as a change of it is compact ([`Value::is_compact`]); whoever wants to undo
//! changes of such a value keeps a copy of it. Of any other value every change is noted by the mutators that end in
//! `_with_undo`, and [`Value::undo`] takes the changes back in reverse order. Both ways the value comes out as it was:
//! content, encoding and the order of its elements.

use crate::Value;
use crate::{hash, list, set, string, zset};

/// Undoes one change of a value that is not compact.
#[derive(Debug)]
pub enum Undo {
    /// Of a string.
    String(string::Undo),
    /// Of a list.
    List(list::Undo),
    /// Of a hash.
    Hash(hash::Undo),
    /// Of a set.
    Set(set::Undo),
    /// Of a sorted set.
    SortedSet(zset::Undo),
}

impl Value {
    /// Whether copying the value costs about as much as changing it.
    #[inline]
    pub fn is_compact(&self) -> bool {
        match self {
            Self::String(string) => string.is_compact(),
            Self::List(list) => list.is_compact(),
            Self::Hash(hash) => hash.is_compact(),
            Self::Set(set) => set.is_compact(),
            Self::SortedSet(zset) => zset.is_compact(),
        }
    }

    /// Undoes a change; all later ones have been undone before. What was noted of another type is passed over.
    pub fn undo(&mut self, undo: Undo) {
        match (self, undo) {
            (Self::String(string), Undo::String(undo)) => string.undo(undo),
            (Self::List(list), Undo::List(undo)) => list.undo(undo),
            (Self::Hash(hash), Undo::Hash(undo)) => hash.undo(undo),
            (Self::Set(set), Undo::Set(undo)) => set.undo(undo),
            (Self::SortedSet(zset), Undo::SortedSet(undo)) => zset.undo(undo),
            _ => debug_assert!(false, "a change was noted of another type"),
        }
    }
}

impl Undo {
    /// Heap bytes it owns beyond its own size, which the value it undoes a change of has no more.
    pub fn heap_size(&self) -> usize {
        match self {
            Undo::String(string::Undo::Patch { bytes, .. }) => bytes.heap_size(),
            Undo::String(string::Undo::Truncate(_)) => 0,
            Undo::List(undo) => match undo {
                list::Undo::Push(_, element) | list::Undo::Set(_, element) => element.heap_size(),
                list::Undo::Reinsert(removed) => {
                    size_of_val(&**removed)
                        + removed.0.capacity() * size_of::<usize>()
                        + removed.1.heap_size()
                }
                list::Undo::Untrim(cut) => {
                    size_of_val(&**cut) + cut.0.heap_size() + cut.1.heap_size()
                }
                list::Undo::Pop(_) | list::Undo::Remove(_) => 0,
            },
            Undo::Hash(undo) => match undo {
                hash::Undo::SetAt { value, .. } => value.heap_size(),
                hash::Undo::Restore { field, value, .. } => field.heap_size() + value.heap_size(),
                hash::Undo::RemoveLast => 0,
            },
            Undo::Set(set::Undo::Restore { member, .. })
            | Undo::SortedSet(zset::Undo::Restore { member, .. }) => member.heap_size(),
            Undo::Set(set::Undo::RemoveLast) => 0,
            Undo::SortedSet(zset::Undo::RemoveLast | zset::Undo::ScoreAt { .. }) => 0,
        }
    }
}
