//! A growing array of objects of one type, addressed by index, with a list of the slots to use again.
//!
//! A slot without an object is *vacant*, which is to be seen from its content: so the sweep, which goes over the slots in order, finds
//! the vacant ones by itself and makes the list of free slots anew.
//!
//! While a region is open the free slots among the old objects are set aside, so that everything behind the region's mark is young.

use std::ops::{Index, IndexMut};

use super::marks::Marks;

/// What lives in an arena.
pub(crate) trait Object {
    /// Whether the slot holds no object.
    fn is_vacant(&self) -> bool;

    /// Drops the object: the slot is vacant then. Not to be called for a vacant one.
    fn vacate(&mut self);

    /// What the object takes and behind it, as the heap counts it; 0 for a vacant slot.
    fn size(&self) -> usize;
}

/// Objects of one type.
pub(crate) struct Arena<T> {
    pub(super) items: Vec<T>,
    /// Vacant slots to use again.
    free: Vec<u32>,
    /// Vacant slots among the old ones, while a region is open.
    old_free: Vec<u32>,
    /// The end of the old objects while a region is open, else 0.
    pub(super) young_from: u32,
    /// What the collection under way has reached.
    pub(super) marks: Marks,
}

impl<T: Object> Arena<T> {
    pub(super) fn new() -> Arena<T> {
        Arena {
            items: Vec::new(),
            free: Vec::new(),
            old_free: Vec::new(),
            young_from: 0,
            marks: Marks::default(),
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

    // ---- regions ---------------------------------------------------------------------------------

    /// Makes everything that is there old.
    #[inline]
    pub(super) fn open_region(&mut self) {
        self.young_from = self.items.len() as u32;
        if !self.free.is_empty() {
            std::mem::swap(&mut self.free, &mut self.old_free);
        }
    }

    /// Ends the distinction of old and young objects, which all stay.
    pub(super) fn keep_young(&mut self) {
        self.young_from = 0;
        self.free.append(&mut self.old_free);
    }

    /// Drops the young objects and ends the distinction. Returns the bytes it freed.
    #[inline]
    pub(super) fn drop_young(&mut self) -> usize {
        let first = self.young_from as usize;
        self.young_from = 0;
        self.free.clear();
        if !self.old_free.is_empty() {
            std::mem::swap(&mut self.free, &mut self.old_free);
        }
        // Most runs make objects of few types.
        if self.items.len() == first {
            return 0;
        }
        self.truncate(first)
    }

    fn truncate(&mut self, first: usize) -> usize {
        let freed = self.items[first..].iter().map(Object::size).sum();
        self.items.truncate(first);
        self.marks.truncate(first);
        freed
    }

    // ---- sweeping --------------------------------------------------------------------------------

    /// Forgets the free slots: the sweep that begins finds them again.
    pub(super) fn begin_sweep(&mut self) {
        self.free.clear();
        self.old_free.clear();
        self.marks.cover(self.items.len());
    }

    /// Sweeps the slots from `from` (a multiple of 64) to at most `limit`: takes the marks off those that have one and gives the others to
    /// `free`, which makes them vacant. Stops when `work` is used up. Returns where to go on.
    pub(super) fn sweep(
        &mut self,
        from: usize,
        limit: usize,
        work: &mut usize,
        mut free: impl FnMut(&mut [T], usize),
    ) -> usize {
        let limit = limit.min(self.items.len());
        let mut first = from;
        while first < limit && *work > 0 {
            let marks = self.marks.take_word(first);
            let end = (first + 64).min(limit);
            let mut cost = 2;
            if marks != u64::MAX {
                for index in first..end {
                    if marks & (1 << (index % 64)) != 0 {
                        continue;
                    }
                    cost += 1;
                    if !self.items[index].is_vacant() {
                        cost += super::collector::FREEING_WORK;
                        free(&mut self.items, index);
                    }
                    if index < self.young_from as usize {
                        self.old_free.push(index as u32);
                    } else {
                        self.free.push(index as u32);
                    }
                }
            }
            *work = work.saturating_sub(cost);
            first = end;
        }
        first
    }

    /// The bytes all objects take.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.items.iter().map(Object::size).sum()
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
