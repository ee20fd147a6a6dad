//! Traversal: the array part in order, then the nodes from the first to the last.

use super::Table;
use crate::heap::Strings;
use crate::value::Value;

/// The key given to `next` is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid key to 'next'")]
pub struct InvalidKey;

impl Table {
    /// The number of slots a traversal goes over.
    pub(crate) fn slot_count(&self) -> usize {
        self.array.len() + self.nodes.len()
    }

    /// The entry after `key` (nil for the first one); none after the last one.
    #[cfg(test)]
    pub(crate) fn next(
        &self,
        key: Value,
        strings: &Strings,
    ) -> Result<Option<(Value, Value)>, InvalidKey> {
        let position = self.position_after(key, strings).ok_or(InvalidKey)?;
        Ok(self
            .entry_from(position)
            .map(|(_, key, value)| (key, value)))
    }

    /// The traversal position after a key: array slots first, then nodes.
    pub(crate) fn position_after(&self, key: Value, strings: &Strings) -> Option<usize> {
        if key.is_nil() {
            return Some(0);
        }
        if let Value::Number(number) = key {
            let index = number as i64;
            if index >= 1 && index as usize <= self.array.len() && index as f64 == number {
                return Some(index as usize);
            }
        }
        let key = match key {
            Value::String(string) => Value::String(strings.key(string)),
            key => key,
        };
        Some(self.array.len() + self.find_node(key, strings)? + 1)
    }

    /// The first entry at or after a traversal position, with the position after it.
    #[inline]
    pub(crate) fn entry_from(&self, position: usize) -> Option<(usize, Value, Value)> {
        let size = self.array.len();
        let mut index = position;
        while index < size {
            let value = self.array[index];
            index += 1;
            if !value.is_nil() {
                return Some((index, Value::Number(index as f64), value));
            }
        }
        while let Some(node) = self.nodes.get(index - size) {
            index += 1;
            if !node.value.is_nil() {
                return Some((index, node.key, node.value));
            }
        }
        None
    }
}
