//! A set of arena indices: which objects of an arena a collection has reached.

/// A set of indices below a length that only grows, unless it is cut.
#[derive(Default)]
pub(crate) struct Marks {
    words: Vec<u64>,
    length: usize,
}

impl Marks {
    /// Admits all indices below `length`.
    #[inline]
    pub(super) fn cover(&mut self, length: usize) {
        if length > self.length {
            self.length = length;
            self.words.resize(length.div_ceil(64), 0);
        }
    }

    /// Forgets all indices from `length` up.
    pub(super) fn truncate(&mut self, length: usize) {
        if length < self.length {
            self.length = length;
            self.words.truncate(length.div_ceil(64));
            if let Some(last) = self.words.last_mut()
                && !length.is_multiple_of(64)
            {
                *last &= (1 << (length % 64)) - 1;
            }
        }
    }

    /// Adds an index; whether it was new. One that is not covered is not added.
    #[inline(always)]
    pub(super) fn insert(&mut self, index: usize) -> bool {
        if index >= self.length {
            return false;
        }
        let word = &mut self.words[index / 64];
        let bit = 1 << (index % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Takes an index out; whether it was there.
    pub(super) fn remove(&mut self, index: usize) -> bool {
        let Some(word) = self.words.get_mut(index / 64) else {
            return false;
        };
        let bit = 1 << (index % 64);
        let was_there = *word & bit != 0;
        *word &= !bit;
        was_there
    }

    #[inline(always)]
    pub(super) fn contains(&self, index: usize) -> bool {
        self.words
            .get(index / 64)
            .is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// The 64 indices from `first` (a multiple of 64) up as bits, which are taken out.
    #[inline]
    pub(super) fn take_word(&mut self, first: usize) -> u64 {
        self.words.get_mut(first / 64).map_or(0, std::mem::take)
    }

    /// Empties the set.
    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    #[cfg(test)]
    pub(super) fn is_clear(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }
}
