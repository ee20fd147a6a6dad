//! Hashes: fields with values.

use crate::table::{Entry, Table, random_below, random_distinct};
use crate::{Bytes, Encoding, Limits};

#[cfg(test)]
mod tests;

/// The value of a hash key: fields, each with a value.
#[derive(Clone, Debug)]
pub struct Hash {
    table: Table<Field>,
    big: bool,
}

#[derive(Clone, Debug)]
struct Field {
    field: Bytes,
    value: Bytes,
}

impl Entry for Field {
    #[inline]
    fn key(&self) -> &[u8] {
        &self.field
    }

    #[inline]
    fn heap_size(&self) -> usize {
        self.field.heap_size() + self.value.heap_size()
    }
}

impl Hash {
    /// An empty hash.
    pub fn new() -> Self {
        Self {
            table: Table::new(),
            big: false,
        }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is no field; such a hash must not stay in the keyspace.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        self.table.get(field).map(|entry| &*entry.value)
    }

    /// Whether a field is there.
    pub fn contains(&self, field: &[u8]) -> bool {
        self.get(field).is_some()
    }

    /// Sets a field and returns the value it had; `None` if the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> Option<Bytes> {
        if field.len().max(value.len()) > limits.hash_max_listpack_value {
            self.big = true;
        }
        if let Some(position) = self.table.position(field) {
            return Some(self.table.update(position, |entry| {
                std::mem::replace(&mut entry.value, Bytes::from(value))
            }));
        }
        self.table.insert_new(Field {
            field: Bytes::from(field),
            value: Bytes::from(value),
        });
        if self.len() > limits.hash_max_listpack_entries {
            self.big = true;
        }
        None
    }

    /// Removes a field and returns its value.
    pub fn remove(&mut self, field: &[u8]) -> Option<Bytes> {
        self.table.remove(field).map(|entry| entry.value)
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + Clone {
        self.table
            .iter()
            .map(|entry| (&*entry.field, &*entry.value))
    }

    /// A uniformly chosen field with its value.
    pub fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<(&[u8], &[u8])> {
        self.at(random_below(self.len(), rng)?)
    }

    /// `count` different fields in random order; all of them if there are not more.
    pub fn random_distinct(
        &self,
        count: usize,
        rng: &mut dyn FnMut() -> u64,
    ) -> Vec<(&[u8], &[u8])> {
        random_distinct(self.len(), count, rng)
            .into_iter()
            .filter_map(|position| self.at(position))
            .collect()
    }

    /// Visits about `count` fields from `cursor` on (0 starts) and returns the next cursor (0: done). A small hash is
    /// visited in one call. A field that is there during the whole scan is visited at least once.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&[u8], &[u8])) -> u64 {
        self.table.scan(cursor, count, &mut |entry| {
            visit(&entry.field, &entry.value)
        })
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        if self.big {
            Encoding::Hashtable
        } else {
            Encoding::Listpack
        }
    }

    /// Heap bytes the hash owns, not counting this struct.
    pub fn heap_size(&self) -> usize {
        self.table.heap_size()
    }

    fn at(&self, position: usize) -> Option<(&[u8], &[u8])> {
        let entry = self.table.at(position);
        Some((&entry.field, &entry.value))
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}
