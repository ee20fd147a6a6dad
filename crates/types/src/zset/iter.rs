//! Members of a sorted set in order, from either end.

use super::Member;
use super::listpack;
use super::tree::{Leaf, Tree};
use crate::packed;
use crate::table::Table;

/// Members with their scores, in rank order.
#[derive(Clone, Debug)]
pub struct Iter<'a>(Repr<'a>);

#[derive(Clone, Debug)]
enum Repr<'a> {
    Listpack(packed::Iter<'a>),
    Skiplist(TreeIter<'a>),
}

impl<'a> Iter<'a> {
    pub(super) fn listpack(entries: packed::Iter<'a>) -> Self {
        Self(Repr::Listpack(entries))
    }

    pub(super) fn skiplist(
        tree: &'a Tree,
        members: &'a Table<Member>,
        start: usize,
        end: usize,
    ) -> Self {
        Self(Repr::Skiplist(TreeIter {
            tree,
            members,
            start,
            end,
            front: None,
            back: None,
        }))
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Repr::Listpack(entries) => entries.next().map(listpack::split),
            Repr::Skiplist(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = match &self.0 {
            Repr::Listpack(entries) => entries.len(),
            Repr::Skiplist(entries) => entries.end - entries.start,
        };
        (remaining, Some(remaining))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Repr::Listpack(entries) => entries.next_back().map(listpack::split),
            Repr::Skiplist(entries) => entries.next_back(),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// Keeps the leaf it reads at each end and goes down the tree once per leaf.
#[derive(Clone, Debug)]
struct TreeIter<'a> {
    tree: &'a Tree,
    members: &'a Table<Member>,
    start: usize,
    end: usize,
    /// The leaf of `start` and the position in it.
    front: Option<(&'a Leaf, usize)>,
    /// The leaf of the entry before `end` and the position in it.
    back: Option<(&'a Leaf, usize)>,
}

impl<'a> TreeIter<'a> {
    fn next(&mut self) -> Option<(&'a [u8], f64)> {
        if self.start == self.end {
            return None;
        }
        let (leaf, position) = self.front.unwrap_or_else(|| self.tree.locate(self.start));
        self.start += 1;
        self.front = (position + 1 < leaf.len()).then_some((leaf, position + 1));
        Some(self.read(leaf, position))
    }

    fn next_back(&mut self) -> Option<(&'a [u8], f64)> {
        if self.start == self.end {
            return None;
        }
        self.end -= 1;
        let (leaf, position) = self.back.unwrap_or_else(|| self.tree.locate(self.end));
        self.back = position.checked_sub(1).map(|position| (leaf, position));
        Some(self.read(leaf, position))
    }

    fn read(&self, leaf: &Leaf, position: usize) -> (&'a [u8], f64) {
        let entry = leaf.get(position);
        (&self.members.at(entry.handle as usize).member, entry.score)
    }
}
