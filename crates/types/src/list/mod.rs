//! Lists: sequences of elements, fast at both ends.
//!
//! A list is a double-ended queue of nodes (`quicklist`). A node is a packed block of elements up
//! to the size that `list-max-listpack-size` allows, or one element that is larger than that.
//! Pushing and popping at the ends takes constant time; reaching an index walks the nodes' lengths
//! from the nearer end, then one node.

mod node;
#[cfg(test)]
mod tests;
mod undo;

use std::collections::VecDeque;
use std::ops::Range;

use crate::packed;
use crate::{Bytes, Encoding, Limits};
use node::{Node, NodeIter};
pub use undo::Undo;

/// An end of a list, and the direction of a search that starts there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The head; searching goes forward.
    Front,
    /// The tail; searching goes backward.
    Back,
}

/// The value of a list key.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// No node is empty.
    nodes: VecDeque<Node>,
    len: usize,
    nodes_heap: usize,
}

impl List {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element; such a list must not stay in the keyspace.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an element at one end.
    pub fn push(&mut self, end: End, element: &[u8], limits: &Limits) {
        let number = match end {
            End::Front => 0,
            End::Back => self.nodes.len().saturating_sub(1),
        };
        let has_room = self
            .nodes
            .get(number)
            .is_some_and(|node| node.has_room(element, limits));
        if has_room {
            self.change(number, |node| node.push(end, element));
        } else {
            let number = if end == End::Front {
                0
            } else {
                self.nodes.len()
            };
            self.insert_node(number, Node::new(element, limits));
        }
        self.len += 1;
    }

    /// Removes the element at one end and returns it.
    pub fn pop(&mut self, end: End) -> Option<Bytes> {
        match end {
            End::Front => self.remove(0),
            End::Back => self.remove(self.len.checked_sub(1)?),
        }
    }

    /// The element at an index from the head.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (number, index) = self.locate(index)?;
        Some(self.nodes[number].get(index))
    }

    /// Replaces the element at `index` and returns the one it was; `None` if the index is out of
    /// range.
    pub fn set(&mut self, index: usize, element: &[u8], limits: &Limits) -> Option<Bytes> {
        let (number, at) = self.locate(index)?;
        if self.nodes[number].can_hold(element, limits) {
            return Some(self.change(number, |node| node.set(at, element)));
        }
        let old = self.remove(index);
        self.insert(index, element, limits);
        old
    }

    /// Inserts an element so that it gets `index`; at the tail if the list is not that long.
    pub fn insert(&mut self, index: usize, element: &[u8], limits: &Limits) {
        if index == 0 {
            return self.push(End::Front, element, limits);
        }
        // The place behind an element is in that element's node, so that nodes fill up before new
        // ones are made.
        let Some((number, before)) = (index < self.len).then(|| self.locate(index - 1)).flatten()
        else {
            return self.push(End::Back, element, limits);
        };
        self.len += 1;
        let at = before + 1;
        let node = &self.nodes[number];
        if node.has_room(element, limits) {
            return self.change(number, |node| node.insert(at, element));
        }
        if at == node.len() {
            if self
                .nodes
                .get(number + 1)
                .is_some_and(|next| next.has_room(element, limits))
            {
                self.change(number + 1, |next| next.push(End::Front, element));
                return;
            }
        } else {
            let tail = self.change(number, |node| node.split_off(at));
            self.insert_node(number + 1, tail);
            if self.nodes[number].has_room(element, limits) {
                self.change(number, |node| node.push(End::Back, element));
                return;
            }
        }
        self.insert_node(number + 1, Node::new(element, limits));
    }

    /// Removes the element at `index` and returns it.
    pub fn remove(&mut self, index: usize) -> Option<Bytes> {
        let (number, at) = self.locate(index)?;
        self.len -= 1;
        if self.nodes[number].len() == 1 {
            return self.remove_node(number).map(Node::into_first);
        }
        Some(self.change(number, |node| node.remove(at)))
    }

    /// Removes elements equal to `element`, at most `count_max` of them, searching from `end`.
    /// Returns the indices they had before the call, ascending.
    pub fn remove_equal(&mut self, element: &[u8], end: End, count_max: usize) -> Vec<usize> {
        let is_equal = |(index, other): (usize, &[u8])| (other == element).then_some(index);
        let elements = self.iter().enumerate();
        let mut indices: Vec<usize> = match end {
            End::Front => elements.filter_map(is_equal).take(count_max).collect(),
            End::Back => elements
                .rev()
                .filter_map(is_equal)
                .take(count_max)
                .collect(),
        };
        if end == End::Back {
            indices.reverse();
        }
        self.remove_indices(&indices);
        indices
    }

    /// Keeps the elements in `keep`, cut to the list's length, and returns those before and behind
    /// it.
    pub fn trim(&mut self, keep: Range<usize>) -> (List, List) {
        let end = keep.end.min(self.len);
        let start = keep.start.min(end);
        let back = self.split_off(end);
        let kept = self.split_off(start);
        (std::mem::replace(self, kept), back)
    }

    /// Puts all elements of `other` before this list's; undoes a [`trim`](Self::trim).
    pub fn prepend(&mut self, mut other: List) {
        other.append(std::mem::take(self));
        *self = other;
    }

    /// Puts all elements of `other` behind this list's.
    pub fn append(&mut self, mut other: List) {
        self.nodes.append(&mut other.nodes);
        self.len += other.len;
        self.nodes_heap += other.nodes_heap;
    }

    /// All elements from head to tail.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        self.range(0..self.len)
    }

    /// The elements with indices in `range`, cut to the list's length.
    pub fn range(&self, range: Range<usize>) -> Iter<'_> {
        let end = range.end.min(self.len);
        let start = range.start.min(end);
        if start == end {
            return Iter::default();
        }
        let (Some((first, start_at)), Some((last, end_at))) =
            (self.locate(start), self.locate(end - 1))
        else {
            return Iter::default();
        };
        if first == last {
            return Iter {
                front: self.nodes[first].range(start_at, end_at + 1),
                remaining: end - start,
                ..Iter::default()
            };
        }
        let node = &self.nodes[first];
        Iter {
            front: node.range(start_at, node.len()),
            middle: self.nodes.range(first + 1..last),
            back: self.nodes[last].range(0, end_at + 1),
            remaining: end - start,
        }
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        Encoding::Quicklist
    }

    /// Heap bytes the list owns, not counting this struct.
    pub fn heap_size(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.nodes_heap
    }

    /// The number of the node that holds `index`, and the index in that node.
    #[inline]
    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.len {
            return None;
        }
        if index <= self.len / 2 {
            let mut before = 0;
            for (number, node) in self.nodes.iter().enumerate() {
                if index < before + node.len() {
                    return Some((number, index - before));
                }
                before += node.len();
            }
        } else {
            let mut before = self.len;
            for (number, node) in self.nodes.iter().enumerate().rev() {
                before -= node.len();
                if index >= before {
                    return Some((number, index - before));
                }
            }
        }
        None
    }

    fn change<R>(&mut self, number: usize, change: impl FnOnce(&mut Node) -> R) -> R {
        let node = &mut self.nodes[number];
        self.nodes_heap -= node.heap_size();
        let result = change(node);
        self.nodes_heap += node.heap_size();
        result
    }

    fn insert_node(&mut self, number: usize, node: Node) {
        if self.nodes.capacity() == 0 {
            // Most lists have one node; a queue's own first growth would make room for four.
            self.nodes.reserve_exact(1);
        }
        self.nodes_heap += node.heap_size();
        self.nodes.insert(number, node);
    }

    fn remove_node(&mut self, number: usize) -> Option<Node> {
        let node = self.nodes.remove(number)?;
        self.nodes_heap -= node.heap_size();
        if self.nodes.capacity() > 16 && self.nodes.len() < self.nodes.capacity() / 4 {
            self.nodes.shrink_to(self.nodes.len() * 2);
        }
        Some(node)
    }

    /// Takes the elements from `index` on out into a list of their own.
    fn split_off(&mut self, index: usize) -> List {
        let Some((number, at)) = self.locate(index) else {
            return List::new();
        };
        let mut tail = List {
            nodes: self.nodes.split_off(number),
            len: self.len - index,
            nodes_heap: 0,
        };
        if at > 0
            && let Some(node) = tail.nodes.front_mut()
        {
            let right = node.split_off(at);
            self.nodes.push_back(std::mem::replace(node, right));
        }
        self.len = index;
        self.nodes.shrink_to_fit();
        tail.nodes.shrink_to_fit();
        self.nodes_heap = self.nodes.iter().map(Node::heap_size).sum();
        tail.nodes_heap = tail.nodes.iter().map(Node::heap_size).sum();
        tail
    }

    /// Removes the elements at `indices`, which ascend, in one pass over the nodes.
    fn remove_indices(&mut self, indices: &[usize]) {
        let (Some(&first), Some(&last)) = (indices.first(), indices.last()) else {
            return;
        };
        let (Some((first, _)), Some((last, _))) = (self.locate(first), self.locate(last)) else {
            return;
        };
        let mut end: usize = self.nodes.range(..=last).map(Node::len).sum();
        let mut remaining = indices;
        for number in (first..=last).rev() {
            let start = end - self.nodes[number].len();
            let here = remaining.partition_point(|&index| index < start);
            for &index in remaining[here..].iter().rev() {
                self.change(number, |node| node.discard(index - start));
            }
            remaining = &remaining[..here];
            end = start;
        }
        self.len -= indices.len();
        self.nodes.retain(|node| node.len() > 0);
    }
}

/// Two lists are equal if their elements are.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl Eq for List {}

/// Elements of a list in order.
#[derive(Clone, Debug, Default)]
pub struct Iter<'a> {
    front: NodeIter<'a>,
    middle: std::collections::vec_deque::Iter<'a, Node>,
    back: NodeIter<'a>,
    remaining: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(element) = self.front.next() {
                self.remaining -= 1;
                return Some(element);
            }
            match self.middle.next() {
                Some(node) => self.front = node.range(0, node.len()),
                None => {
                    let element = self.back.next()?;
                    self.remaining -= 1;
                    return Some(element);
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(element) = self.back.next_back() {
                self.remaining -= 1;
                return Some(element);
            }
            match self.middle.next_back() {
                Some(node) => self.back = node.range(0, node.len()),
                None => {
                    let element = self.front.next_back()?;
                    self.remaining -= 1;
                    return Some(element);
                }
            }
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// Bytes a node of packed elements may have under `list-max-listpack-size`.
fn node_size_max(limits: &Limits) -> usize {
    match limits.list_max_listpack_size {
        i32::MIN..=-5 => 65_536,
        -4 => 32_768,
        -3 => 16_384,
        -1 => 4_096,
        _ => 8_192,
    }
    .min(packed::SIZE_MAX)
}

/// Elements a node may have under `list-max-listpack-size`.
fn node_count_max(limits: &Limits) -> usize {
    match usize::try_from(limits.list_max_listpack_size) {
        Ok(count) => count.max(1),
        Err(_) => usize::MAX,
    }
}
