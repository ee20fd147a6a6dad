//! A node of a list.

use super::{End, node_count_max, node_size_max};
use crate::packed::{self, Packed};
use crate::{Bytes, Limits};

/// Whether an element gets a node of its own.
fn is_plain(element: &[u8], limits: &Limits) -> bool {
    packed::entry_size(element.len()) > node_size_max(limits)
        || (limits.list_plain_element_min != 0 && element.len() >= limits.list_plain_element_min)
}

/// Neighbouring elements of a list.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Packed(Packed),
    /// One element too large to share a block.
    Plain(Bytes),
}

impl Node {
    /// A node with one element.
    pub fn new(element: &[u8], limits: &Limits) -> Self {
        if is_plain(element, limits) {
            return Self::Plain(Bytes::from(element));
        }
        let mut packed = Packed::new();
        packed.push_back(&[element]);
        Self::Packed(packed)
    }

    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.len(),
            Self::Plain(_) => 1,
        }
    }

    #[inline]
    pub fn heap_size(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.heap_size(),
            Self::Plain(element) => element.heap_size(),
        }
    }

    /// Whether one more element may come into this node.
    #[inline]
    pub fn has_room(&self, element: &[u8], limits: &Limits) -> bool {
        match self {
            Self::Packed(packed) => {
                !is_plain(element, limits)
                    && packed.size() + packed::entry_size(element.len()) <= node_size_max(limits)
                    && packed.len() < node_count_max(limits)
            }
            Self::Plain(_) => false,
        }
    }

    /// Whether this element may replace one of this node.
    pub fn can_hold(&self, element: &[u8], limits: &Limits) -> bool {
        match self {
            Self::Packed(packed) => {
                !is_plain(element, limits)
                    && packed.size() + packed::entry_size(element.len()) <= node_size_max(limits)
            }
            Self::Plain(_) => is_plain(element, limits),
        }
    }

    pub fn get(&self, index: usize) -> &[u8] {
        match self {
            Self::Packed(packed) => packed.read(packed.offset_of(index)).0,
            Self::Plain(element) => element,
        }
    }

    /// Replaces an element and returns the one it was; see [`can_hold`](Self::can_hold).
    pub fn set(&mut self, index: usize, element: &[u8]) -> Bytes {
        match self {
            Self::Packed(packed) => {
                let offset = packed.offset_of(index);
                let old = Bytes::from(packed.read(offset).0);
                packed.replace(offset, &[element]);
                old
            }
            Self::Plain(old) => std::mem::replace(old, Bytes::from(element)),
        }
    }

    /// Adds an element at one end; see [`has_room`](Self::has_room).
    pub fn push(&mut self, end: End, element: &[u8]) {
        match end {
            End::Front => self.insert(0, element),
            End::Back => self.insert(self.len(), element),
        }
    }

    /// Inserts an element; see [`has_room`](Self::has_room).
    pub fn insert(&mut self, index: usize, element: &[u8]) {
        match self {
            Self::Packed(packed) => packed.insert(packed.offset_of(index), &[element]),
            Self::Plain(_) => unreachable!("a plain node never has room"),
        }
    }

    /// Removes an element of a node with several and returns it.
    pub fn remove(&mut self, index: usize) -> Bytes {
        match self {
            Self::Packed(packed) => {
                let offset = packed.offset_of(index);
                let element = Bytes::from(packed.read(offset).0);
                packed.remove(offset);
                element
            }
            Self::Plain(element) => std::mem::take(element),
        }
    }

    /// Removes an element, even if the node is empty then.
    pub fn discard(&mut self, index: usize) {
        match self {
            Self::Packed(packed) => {
                packed.remove(packed.offset_of(index));
            }
            Self::Plain(_) => *self = Self::Packed(Packed::new()),
        }
    }

    /// Takes the elements from `index` on, which is not 0, out into a node of their own.
    pub fn split_off(&mut self, index: usize) -> Self {
        match self {
            Self::Packed(packed) => {
                let count = packed.len() - index;
                Self::Packed(packed.split_off(packed.offset_of(index), count))
            }
            Self::Plain(_) => Self::Packed(Packed::new()),
        }
    }

    /// The element of a node with one.
    pub fn into_first(self) -> Bytes {
        match self {
            Self::Packed(packed) => Bytes::from(packed.read(packed.start()).0),
            Self::Plain(element) => element,
        }
    }

    /// The elements from index `start` to below `end`.
    pub fn range(&self, start: usize, end: usize) -> NodeIter<'_> {
        match self {
            Self::Packed(packed) => NodeIter::Packed(packed.iter_between(
                packed.offset_of(start),
                packed.offset_of(end),
                end - start,
            )),
            Self::Plain(element) => NodeIter::Plain((start < end).then_some(element)),
        }
    }
}

/// Elements of a node in order.
#[derive(Clone, Debug)]
pub(super) enum NodeIter<'a> {
    Packed(packed::Iter<'a>),
    Plain(Option<&'a [u8]>),
}

impl Default for NodeIter<'_> {
    fn default() -> Self {
        Self::Plain(None)
    }
}

impl<'a> Iterator for NodeIter<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Self::Packed(elements) => elements.next(),
            Self::Plain(element) => element.take(),
        }
    }
}

impl DoubleEndedIterator for NodeIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Packed(elements) => elements.next_back(),
            Self::Plain(element) => element.take(),
        }
    }
}
