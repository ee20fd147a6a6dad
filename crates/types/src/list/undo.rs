//! Changes of a big list with what undoes them.

use std::ops::Range;

use super::{End, List};
use crate::{Bytes, Limits};

/// Up to so many heap bytes a list is copied rather than its changes noted.
const COMPACT_BYTES_MAX: usize = 2048;

/// Up to so many elements come back one by one; with more of them the list is built anew, in one pass.
const REINSERTED_MAX: usize = 16;

/// Undoes one change of a list that is not [compact](List::is_compact). Changes are undone in reverse order, so an
/// index is enough to name an element.
#[derive(Debug)]
pub enum Undo {
    /// An added element goes from its end.
    Pop(End),
    /// A taken element comes back to its end.
    Push(End, Bytes),
    /// An element becomes what it was.
    Set(usize, Bytes),
    /// An inserted element goes.
    Remove(usize),
    /// Removed elements, which were equal, come back; their indices before the removal, ascending.
    Reinsert(Box<(Vec<usize>, Bytes)>),
    /// What stood before and behind comes back.
    Untrim(Box<(List, List)>),
}

impl List {
    /// Whether copying the whole list costs about as much as changing it, so that a copy is what undoes changes best.
    #[inline]
    pub fn is_compact(&self) -> bool {
        self.heap_size() <= COMPACT_BYTES_MAX
    }

    /// As [`List::trim`], but what is cut off becomes what undoes it.
    pub fn trim_with_undo(&mut self, keep: Range<usize>) -> Undo {
        Undo::Untrim(Box::new(self.trim(keep)))
    }

    /// Undoes a change; all later ones have been undone before. How elements are spread over nodes may come out
    /// differently.
    pub fn undo(&mut self, undo: Undo) {
        let limits = &Limits::DEFAULT;
        match undo {
            Undo::Pop(end) => {
                self.pop(end);
            }
            Undo::Push(end, element) => self.push(end, &element, limits),
            Undo::Set(index, element) => {
                self.set(index, &element, limits);
            }
            Undo::Remove(index) => {
                self.remove(index);
            }
            Undo::Reinsert(removed) => {
                let (indices, element) = *removed;
                self.reinsert(&indices, &element, limits);
            }
            Undo::Untrim(parts) => {
                let (front, back) = *parts;
                self.append(back);
                self.prepend(front);
            }
        }
    }

    fn reinsert(&mut self, indices: &[usize], element: &[u8], limits: &Limits) {
        if indices.len() <= REINSERTED_MAX {
            for &index in indices {
                self.insert(index, element, limits);
            }
            return;
        }
        let mut whole = List::new();
        let mut others = self.iter();
        let mut indices = indices.iter().peekable();
        loop {
            if indices.next_if(|&&index| index == whole.len()).is_some() {
                whole.push(End::Back, element, limits);
            } else if let Some(other) = others.next() {
                whole.push(End::Back, other, limits);
            } else {
                break;
            }
        }
        *self = whole;
    }
}
