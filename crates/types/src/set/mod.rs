//! Sets: members without order or duplicates.
//!
//! A small set of integers is a sorted array (`intset`). With the first member that is no integer,
//! or with too many members for [`Limits`], it becomes what clients see as `hashtable` and stays
//! that. Few short members are one packed block then, for a third of a table's memory; more of them
//! are a [`Table`].

mod intset;
#[cfg(test)]
mod tests;
mod undo;

use crate::number::parse_i64;
use crate::packed::{self, Packed};
use crate::random::{random_below, random_distinct};
use crate::table::{self, Entry, Table};
use crate::{Bytes, Encoding, Likely, Limits, Text};
use intset::Intset;
pub use undo::Undo;

/// Most members of a packed set: searching that many takes about as long as hashing.
const PACKED_LEN_MAX: usize = 32;

/// Longest member, in bytes, of a packed set.
const PACKED_MEMBER_MAX: usize = 64;

/// The value of a set key.
#[derive(Clone, Debug)]
pub struct Set(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Intset(Intset),
    Packed(Packed),
    Hashtable(Box<Table<Bytes>>),
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
        Self(Repr::Intset(Intset::new()))
    }

    /// Number of members.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Intset(intset) => intset.len(),
            Repr::Packed(packed) => packed.len(),
            Repr::Hashtable(table) => table.len(),
        }
    }

    /// Whether there is no member; such a set must not stay in the keyspace.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// See [`Value::likely`](crate::Value::likely).
    pub(crate) fn likely(&self, member: &[u8]) -> Option<Likely<'_>> {
        match &self.0 {
            Repr::Intset(_) | Repr::Packed(_) => None,
            Repr::Hashtable(table) => table.likely(member),
        }
    }

    /// Whether `member` is in the set.
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.0 {
            Repr::Intset(intset) => {
                parse_i64(member).is_some_and(|integer| intset.search(integer).is_ok())
            }
            Repr::Packed(packed) => find(packed, member).is_some(),
            Repr::Hashtable(table) => table.position(member).is_some(),
        }
    }

    /// Adds a member; false if it was there already.
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        if let Repr::Intset(intset) = &mut self.0 {
            match parse_i64(member) {
                Some(integer) => {
                    let added = intset.add(integer);
                    if added && intset.len() > limits.set_max_intset_entries {
                        self.leave_intset();
                    }
                    return added;
                }
                None => self.leave_intset(),
            }
        }
        if let Repr::Packed(packed) = &mut self.0 {
            if find(packed, member).is_some() {
                return false;
            }
            if packed.len() < PACKED_LEN_MAX && member.len() <= PACKED_MEMBER_MAX {
                packed.push_back(&[member]);
                return true;
            }
            self.make_table();
        }
        match &mut self.0 {
            Repr::Hashtable(table) if table.position(member).is_none() => {
                table.insert_new(Bytes::from(member));
                true
            }
            _ => false,
        }
    }

    /// Removes a member; false if it was not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Repr::Intset(intset) => match parse_i64(member).map(|integer| intset.search(integer)) {
                Some(Ok(position)) => {
                    intset.remove_at(position);
                    true
                }
                _ => false,
            },
            Repr::Packed(packed) => match find(packed, member) {
                Some(offset) => {
                    packed.remove(offset);
                    true
                }
                None => false,
            },
            Repr::Hashtable(table) => table.remove(member).is_some(),
        }
    }

    /// All members. An intset gives them in ascending order.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        Iter(match &self.0 {
            Repr::Intset(intset) => IterRepr::Intset(intset, 0),
            Repr::Packed(packed) => IterRepr::Packed(packed.iter()),
            Repr::Hashtable(table) => IterRepr::Hashtable(table.iter()),
        })
    }

    /// A uniformly chosen member.
    pub fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<Text<'_>> {
        random_below(self.len(), rng).map(|position| self.at(position))
    }

    /// `count` different members in random order; all of them if there are not more.
    pub fn random_distinct(&self, count: usize, rng: &mut dyn FnMut() -> u64) -> Vec<Text<'_>> {
        random_distinct(self.len(), count, rng)
            .into_iter()
            .map(|position| self.at(position))
            .collect()
    }

    /// Removes a uniformly chosen member and returns it.
    pub fn pop(&mut self, rng: &mut dyn FnMut() -> u64) -> Option<Bytes> {
        let position = random_below(self.len(), rng)?;
        Some(match &mut self.0 {
            Repr::Intset(intset) => Bytes::from(&*Text::from(intset.remove_at(position))),
            Repr::Packed(packed) => {
                let offset = packed.offset_of(position);
                let member = Bytes::from(packed.read(offset).0);
                packed.remove(offset);
                member
            }
            Repr::Hashtable(table) => table.remove_at(position),
        })
    }

    /// Visits about `count` members from `cursor` on (0 starts) and returns the next cursor (0:
    /// done). A small set is visited in one call. A member that is there during the whole scan is
    /// visited at least once.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&[u8])) -> u64 {
        match &self.0 {
            Repr::Intset(_) | Repr::Packed(_) => {
                self.iter().for_each(|member| visit(&member));
                0
            }
            Repr::Hashtable(table) => table.scan(cursor, count, &mut |member| visit(member)),
        }
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        match &self.0 {
            Repr::Intset(_) => Encoding::Intset,
            Repr::Packed(_) | Repr::Hashtable(_) => Encoding::Hashtable,
        }
    }

    /// Heap bytes the set owns, not counting this struct.
    pub fn heap_size(&self) -> usize {
        match &self.0 {
            Repr::Intset(intset) => intset.heap_size(),
            Repr::Packed(packed) => packed.heap_size(),
            Repr::Hashtable(table) => size_of::<Table<Bytes>>() + table.heap_size(),
        }
    }

    fn at(&self, position: usize) -> Text<'_> {
        match &self.0 {
            Repr::Intset(intset) => Text::from(intset.at(position)),
            Repr::Packed(packed) => Text::from(packed.read(packed.offset_of(position)).0),
            Repr::Hashtable(table) => Text::from(table.at(position).as_slice()),
        }
    }

    fn leave_intset(&mut self) {
        if self.len() > PACKED_LEN_MAX {
            return self.make_table();
        }
        let mut packed = Packed::new();
        for member in self.iter() {
            packed.push_back(&[&member]);
        }
        self.0 = Repr::Packed(packed);
    }

    fn make_table(&mut self) {
        let mut table = Table::new();
        for member in self.iter() {
            table.insert_new(Bytes::from(&*member));
        }
        self.0 = Repr::Hashtable(Box::new(table));
    }
}

/// Where a member's entry starts.
fn find(packed: &Packed, member: &[u8]) -> Option<usize> {
    let last = member.last();
    let mut offset = packed.start();
    while offset < packed.end() {
        let (other, next) = packed.read(offset);
        // Members tend to share their first bytes; the last one tells most of them apart.
        if other.len() == member.len() && other.last() == last && other == member {
            return Some(offset);
        }
        offset = next;
    }
    None
}

impl Default for Set {
    fn default() -> Self {
        Self::new()
    }
}

/// Two sets are equal if they have the same members, whatever their order and encoding.
impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|member| other.contains(&member))
    }
}

impl Eq for Set {}

/// The members of a set.
#[derive(Clone, Debug)]
pub struct Iter<'a>(IterRepr<'a>);

#[derive(Clone, Debug)]
enum IterRepr<'a> {
    /// With the position of the next member.
    Intset(&'a Intset, usize),
    Packed(packed::Iter<'a>),
    Hashtable(table::Iter<'a, Bytes>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Text<'a>;

    #[inline]
    fn next(&mut self) -> Option<Text<'a>> {
        match &mut self.0 {
            IterRepr::Intset(intset, position) if *position < intset.len() => {
                *position += 1;
                Some(Text::from(intset.at(*position - 1)))
            }
            IterRepr::Intset(..) => None,
            IterRepr::Packed(members) => members.next().map(Text::from),
            IterRepr::Hashtable(members) => {
                members.next().map(|member| Text::from(member.as_slice()))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = match &self.0 {
            IterRepr::Intset(intset, position) => intset.len() - position,
            IterRepr::Packed(members) => members.len(),
            IterRepr::Hashtable(members) => members.len(),
        };
        (remaining, Some(remaining))
    }
}

impl ExactSizeIterator for Iter<'_> {}
