//! The length operator.

use super::Table;

impl Table {
    /// A border: `n` such that element `n` is not nil (or `n` is 0) and element `n + 1` is nil. Which one, if there are several, is found as 5.1
    /// finds it.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        let size = self.array.len();
        if size > 0 && self.array[size - 1].is_nil() {
            return self.border_in_array(size);
        }
        if self.nodes.is_empty() {
            size
        } else {
            self.border_beyond(size)
        }
    }

    fn border_in_array(&self, size: usize) -> usize {
        let (mut low, mut high) = (0, size);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if self.array[middle - 1].is_nil() {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }

    fn border_beyond(&self, size: usize) -> usize {
        let is_nil = |index: usize| self.get_number(index as f64).is_nil();
        let (mut low, mut high) = (size, size + 1);
        while !is_nil(high) {
            low = high;
            high *= 2;
            if high > i32::MAX as usize {
                // A table made to defeat the doubling search: fall back to a linear one.
                let mut index = 1;
                while !is_nil(index) {
                    index += 1;
                }
                return index - 1;
            }
        }
        while high - low > 1 {
            let middle = (low + high) / 2;
            if is_nil(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }
}
