//! A growing array of objects of one type, addressed by index, with a list of the slots to use again.

use std::ops::{Index, IndexMut};

/// Objects of one type.
pub(crate) struct Arena<T> {
    pub(super) items: Vec<T>,
    pub(super) free: Vec<u32>,
}

impl<T: Default> Arena<T> {
    pub(super) fn new() -> Arena<T> {
        Arena {
            items: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Adds an object; returns its index.
    #[inline]
    pub(super) fn insert(&mut self, item: T) -> u32 {
        if let Some(index) = self.free.pop() {
            self.items[index as usize] = item;
            return index;
        }
        self.items.push(item);
        (self.items.len() - 1) as u32
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

impl<T> Index<usize> for Arena<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, index: usize) -> &T {
        &self.items[index]
    }
}

impl<T> IndexMut<usize> for Arena<T> {
    #[inline(always)]
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.items[index]
    }
}
