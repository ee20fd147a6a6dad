//! Lists: sequences of elements, fast at both ends.

use std::collections::VecDeque;
use std::ops::Range;

use crate::{Bytes, Encoding, Limits};

#[cfg(test)]
mod tests;

/// An end of a list, and the direction of a search that starts there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The head; searching goes forward.
    Front,
    /// The tail; searching goes backward.
    Back,
}

/// The value of a list key.
#[derive(Clone, Debug)]
pub struct List {
    elements: VecDeque<Bytes>,
}

impl List {
    /// An empty list.
    pub fn new() -> Self {
        Self {
            elements: VecDeque::new(),
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there is no element; such a list must not stay in the keyspace.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an element at one end.
    pub fn push(&mut self, end: End, element: &[u8], _limits: &Limits) {
        match end {
            End::Front => self.elements.push_front(Bytes::from(element)),
            End::Back => self.elements.push_back(Bytes::from(element)),
        }
    }

    /// Removes the element at one end and returns it.
    pub fn pop(&mut self, end: End) -> Option<Bytes> {
        match end {
            End::Front => self.elements.pop_front(),
            End::Back => self.elements.pop_back(),
        }
    }

    /// The element at an index from the head.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.elements.get(index).map(|element| &**element)
    }

    /// Replaces the element at `index` and returns the one it was; `None` if the index is out of range.
    pub fn set(&mut self, index: usize, element: &[u8], _limits: &Limits) -> Option<Bytes> {
        let slot = self.elements.get_mut(index)?;
        Some(std::mem::replace(slot, Bytes::from(element)))
    }

    /// Inserts an element so that it gets `index`; at the tail if the list is not that long.
    pub fn insert(&mut self, index: usize, element: &[u8], _limits: &Limits) {
        let index = index.min(self.len());
        self.elements.insert(index, Bytes::from(element));
    }

    /// Removes the element at `index` and returns it.
    pub fn remove(&mut self, index: usize) -> Option<Bytes> {
        self.elements.remove(index)
    }

    /// Removes elements equal to `element`, at most `count_max` of them, searching from `end`. Returns the indices they
    /// had before the call, ascending.
    pub fn remove_equal(&mut self, element: &[u8], end: End, count_max: usize) -> Vec<usize> {
        let matches = |(index, other): (usize, &Bytes)| (**other == *element).then_some(index);
        let mut indices: Vec<usize> = match end {
            End::Front => self
                .elements
                .iter()
                .enumerate()
                .filter_map(matches)
                .take(count_max)
                .collect(),
            End::Back => self
                .elements
                .iter()
                .enumerate()
                .rev()
                .filter_map(matches)
                .take(count_max)
                .collect(),
        };
        indices.sort_unstable();
        for &index in indices.iter().rev() {
            self.elements.remove(index);
        }
        indices
    }

    /// Keeps the elements in `keep`, cut to the list's length, and returns those before and after it.
    pub fn trim(&mut self, keep: Range<usize>) -> (List, List) {
        let end = keep.end.min(self.len());
        let start = keep.start.min(end);
        let back = self.elements.split_off(end);
        let kept = self.elements.split_off(start);
        let front = std::mem::replace(&mut self.elements, kept);
        (List { elements: front }, List { elements: back })
    }

    /// Puts all elements of `other` before this list's; undoes a [`trim`](Self::trim).
    pub fn prepend(&mut self, mut other: List) {
        other.elements.append(&mut self.elements);
        *self = other;
    }

    /// Puts all elements of `other` behind this list's.
    pub fn append(&mut self, mut other: List) {
        self.elements.append(&mut other.elements);
    }

    /// All elements from head to tail.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator + Clone {
        self.range(0..self.len())
    }

    /// The elements with indices in `range`, cut to the list's length.
    pub fn range(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator + Clone {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        self.elements.range(start..end).map(|element| &**element)
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        Encoding::Quicklist
    }

    /// Heap bytes the list owns, not counting this struct.
    pub fn heap_size(&self) -> usize {
        self.elements.capacity() * size_of::<Bytes>()
            + self.elements.iter().map(Bytes::heap_size).sum::<usize>()
    }
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}
