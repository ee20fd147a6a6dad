//! Growing: how many slots the array and the hash part get.

use super::{EMPTY_NODE, Node, Table, TableError};
use crate::heap::Strings;
use crate::value::Value;

/// The array part has at most 2^26 slots.
const MAX_BITS: usize = 26;

/// Slot counters per power-of-two slice: `counts[i]` counts the integer keys in `2^(i-1) + 1 ..= 2^i`.
type Counts = [usize; MAX_BITS + 1];

fn ceil_log2(n: usize) -> usize {
    n.next_power_of_two().trailing_zeros() as usize
}

/// The key as an index of an array part of the largest size.
fn array_index(key: Value) -> Option<usize> {
    let Value::Number(number) = key else {
        return None;
    };
    let index = number as i64;
    (index as f64 == number && (1..=1 << MAX_BITS).contains(&index)).then_some(index as usize)
}

/// Chooses the array size for `keys` counted integer keys: the largest power of two of which more than half is used.
/// Returns it and how many keys go there.
fn array_size(counts: &Counts, keys: usize) -> (usize, usize) {
    let (mut below, mut size, mut used) = (0, 0, 0);
    let mut slice = 0;
    let mut power = 1usize;
    while power / 2 < keys && slice <= MAX_BITS {
        if counts[slice] > 0 {
            below += counts[slice];
            if below > power / 2 {
                size = power;
                used = below;
            }
        }
        if below == keys {
            break;
        }
        slice += 1;
        power *= 2;
    }
    (size, used)
}

impl Table {
    /// Makes room for one more key.
    #[cold]
    pub(super) fn rehash(&mut self, key: Value, strings: &Strings) -> Result<(), TableError> {
        let mut counts: Counts = [0; MAX_BITS + 1];
        let mut integers = self.count_array(&mut counts);
        let mut total = integers;
        for node in &self.nodes {
            if !node.value.is_nil() {
                total += 1;
                if let Some(index) = array_index(node.key) {
                    counts[ceil_log2(index)] += 1;
                    integers += 1;
                }
            }
        }
        if let Some(index) = array_index(key) {
            counts[ceil_log2(index)] += 1;
            integers += 1;
        }
        total += 1;
        let (size, used) = array_size(&counts, integers);
        self.resize(size, total - used, strings)
    }

    /// Counts the used slots of the array part into their slices.
    fn count_array(&self, counts: &mut Counts) -> usize {
        let mut total = 0;
        let mut start = 0;
        let mut limit = 1;
        for count in counts.iter_mut() {
            let end = limit.min(self.array.len());
            if start >= end {
                break;
            }
            let used = self.array[start..end]
                .iter()
                .filter(|value| !value.is_nil())
                .count();
            *count += used;
            total += used;
            start = end;
            limit *= 2;
        }
        total
    }

    /// Gives the parts new sizes and re-inserts what no longer is where it was.
    pub(crate) fn resize(
        &mut self,
        array: usize,
        hash: usize,
        strings: &Strings,
    ) -> Result<(), TableError> {
        self.rehashes = self.rehashes.wrapping_add(1);
        let old_array = self.array.len();
        if array > old_array {
            self.array.reserve_exact(array - old_array);
            self.array.resize(array, Value::Nil);
        }
        if hash > 1 << MAX_BITS {
            return Err(TableError::Overflow);
        }
        let old_nodes = std::mem::take(&mut self.nodes);
        self.set_node_count(hash);
        if array < old_array {
            let vanishing = self.array.split_off(array);
            self.array.shrink_to_fit();
            for (offset, &value) in vanishing.iter().enumerate() {
                if !value.is_nil() {
                    *self.slot(Value::Number((array + offset + 1) as f64), strings)? = value;
                }
            }
        }
        for node in old_nodes.iter().rev() {
            if !node.value.is_nil() {
                *self.slot(node.key, strings)? = node.value;
            }
        }
        Ok(())
    }

    /// Grows the array part to `array` slots (`SetList`), keeping the size of the hash part.
    pub(crate) fn resize_array(
        &mut self,
        array: usize,
        strings: &Strings,
    ) -> Result<(), TableError> {
        self.resize(array, self.nodes.len(), strings)
    }

    /// Gives the table a fresh, empty hash part for at least `count` keys.
    pub(super) fn set_node_count(&mut self, count: usize) {
        if count == 0 {
            self.nodes = Vec::new();
            self.last_free = 0;
        } else {
            let size = count.next_power_of_two();
            let mut nodes: Vec<Node> = Vec::with_capacity(size);
            nodes.resize(size, EMPTY_NODE);
            self.nodes = nodes;
            self.last_free = size as u32;
        }
    }
}
