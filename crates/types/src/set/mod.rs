//! Sets: members without order or duplicates.

use crate::number::parse_i64;
use crate::table::{Entry, Table, random_below, random_distinct};
use crate::{Bytes, Encoding, Limits, Text};

#[cfg(test)]
mod tests;

/// The value of a set key.
#[derive(Clone, Debug)]
pub struct Set {
    table: Table<Bytes>,
    big: bool,
}

impl Entry for Bytes {
    #[inline]
    fn key(&self) -> &[u8] {
        self
    }

    #[inline]
    fn heap_size(&self) -> usize {
        Bytes::heap_size(self)
    }
}

impl Set {
    /// An empty set.
    pub fn new() -> Self {
        Self {
            table: Table::new(),
            big: false,
        }
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is no member; such a set must not stay in the keyspace.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `member` is in the set.
    pub fn contains(&self, member: &[u8]) -> bool {
        self.table.position(member).is_some()
    }

    /// Adds a member; false if it was there already.
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        if self.contains(member) {
            return false;
        }
        self.table.insert_new(Bytes::from(member));
        if parse_i64(member).is_none() || self.len() > limits.set_max_intset_entries {
            self.big = true;
        }
        true
    }

    /// Removes a member; false if it was not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        self.table.remove(member).is_some()
    }

    /// All members. An intset gives them in ascending order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Text<'_>> + Clone {
        self.table.iter().map(|member| Text::from(&**member))
    }

    /// A uniformly chosen member.
    pub fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<Text<'_>> {
        self.table.random(rng).map(|member| Text::from(&**member))
    }

    /// `count` different members in random order; all of them if there are not more.
    pub fn random_distinct(&self, count: usize, rng: &mut dyn FnMut() -> u64) -> Vec<Text<'_>> {
        random_distinct(self.len(), count, rng)
            .into_iter()
            .map(|position| Text::from(&**self.table.at(position)))
            .collect()
    }

    /// Removes a uniformly chosen member and returns it.
    pub fn pop(&mut self, rng: &mut dyn FnMut() -> u64) -> Option<Bytes> {
        let position = random_below(self.len(), rng)?;
        Some(self.table.remove_at(position))
    }

    /// Visits about `count` members from `cursor` on (0 starts) and returns the next cursor (0: done). An intset is
    /// visited in one call. A member that is there during the whole scan is visited at least once.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&[u8])) -> u64 {
        self.table.scan(cursor, count, &mut |member| visit(member))
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        if self.big {
            Encoding::Hashtable
        } else {
            Encoding::Intset
        }
    }

    /// Heap bytes the set owns, not counting this struct.
    pub fn heap_size(&self) -> usize {
        self.table.heap_size()
    }
}

impl Default for Set {
    fn default() -> Self {
        Self::new()
    }
}
