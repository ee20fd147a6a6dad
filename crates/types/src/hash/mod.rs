//! Hashes: fields with values.
//!
//! A small hash is one packed block searched from front to back (`listpack`); it keeps its fields
//! in insertion order. One that outgrows [`Limits`] becomes a [`Table`] (`hashtable`) and stays
//! one.

use crate::packed::{self, Packed};
use crate::random::{random_below, random_distinct};
use crate::table::{self, Entry, Table};
use crate::{Bytes, Encoding, Likely, Limits};

#[cfg(test)]
mod tests;
mod undo;

pub use undo::Undo;

/// The value of a hash key: fields, each with a value.
#[derive(Clone, Debug)]
pub struct Hash(Repr);

#[derive(Clone, Debug)]
enum Repr {
    /// One entry per field: the field's length as a varint, the field, the value.
    Listpack(Packed),
    Hashtable(Box<Table<Field>>),
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
        Self(Repr::Listpack(Packed::new()))
    }

    /// Number of fields.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Listpack(packed) => packed.len(),
            Repr::Hashtable(table) => table.len(),
        }
    }

    /// Whether there is no field; such a hash must not stay in the keyspace.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        match &self.0 {
            Repr::Listpack(packed) => find(packed, field).map(|(_, value)| value),
            Repr::Hashtable(table) => table.get(field).map(|entry| &*entry.value),
        }
    }

    /// See [`Value::likely`](crate::Value::likely).
    pub(crate) fn likely(&self, field: &[u8]) -> Option<Likely<'_>> {
        match &self.0 {
            Repr::Listpack(_) => None,
            Repr::Hashtable(table) => table.likely(field),
        }
    }

    /// Whether a field is there.
    pub fn contains(&self, field: &[u8]) -> bool {
        self.get(field).is_some()
    }

    /// Sets a field and returns the value it had; `None` if the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> Option<Bytes> {
        if let Repr::Listpack(packed) = &mut self.0 {
            let fits = field.len().max(value.len()) <= limits.hash_max_listpack_value
                && packed.size() + field.len() + value.len() < packed::SIZE_MAX;
            let found = find(packed, field).map(|(offset, old)| (offset, Bytes::from(old)));
            let count = packed.len() + usize::from(found.is_none());
            if fits && count <= limits.hash_max_listpack_entries {
                let (header, width) = encode_varint(field.len());
                let payload = [&header[..width], field, value];
                return match found {
                    Some((offset, old)) => {
                        packed.replace(offset, &payload);
                        Some(old)
                    }
                    None => {
                        packed.push_back(&payload);
                        None
                    }
                };
            }
        }
        let table = self.make_table();
        let value = Bytes::from(value);
        if let Some(position) = table.position(field) {
            return Some(
                table.update(position, |entry| std::mem::replace(&mut entry.value, value)),
            );
        }
        table.insert_new(Field {
            field: Bytes::from(field),
            value,
        });
        None
    }

    /// Removes a field and returns its value.
    pub fn remove(&mut self, field: &[u8]) -> Option<Bytes> {
        match &mut self.0 {
            Repr::Listpack(packed) => {
                let (offset, value) = find(packed, field)?;
                let value = Bytes::from(value);
                packed.remove(offset);
                Some(value)
            }
            Repr::Hashtable(table) => table.remove(field).map(|entry| entry.value),
        }
    }

    /// All fields with their values.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        Iter(match &self.0 {
            Repr::Listpack(packed) => IterRepr::Listpack(packed.iter()),
            Repr::Hashtable(table) => IterRepr::Hashtable(table.iter()),
        })
    }

    /// A uniformly chosen field with its value.
    pub fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<(&[u8], &[u8])> {
        let position = random_below(self.len(), rng)?;
        match &self.0 {
            Repr::Listpack(packed) => Some(split(packed.read(packed.offset_of(position)).0)),
            Repr::Hashtable(table) => Some(table.at(position).pair()),
        }
    }

    /// `count` different fields in random order; all of them if there are not more.
    pub fn random_distinct(
        &self,
        count: usize,
        rng: &mut dyn FnMut() -> u64,
    ) -> Vec<(&[u8], &[u8])> {
        let positions = random_distinct(self.len(), count, rng);
        match &self.0 {
            Repr::Listpack(packed) => {
                let fields: Vec<_> = packed.iter().map(split).collect();
                positions
                    .into_iter()
                    .map(|position| fields[position])
                    .collect()
            }
            Repr::Hashtable(table) => positions
                .into_iter()
                .map(|position| table.at(position).pair())
                .collect(),
        }
    }

    /// Visits about `count` fields from `cursor` on (0 starts) and returns the next cursor (0:
    /// done). A listpack is visited in one call. A field that is there during the whole scan is
    /// visited at least once.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&[u8], &[u8])) -> u64 {
        match &self.0 {
            Repr::Listpack(packed) => {
                for (field, value) in packed.iter().map(split) {
                    visit(field, value);
                }
                0
            }
            Repr::Hashtable(table) => table.scan(cursor, count, &mut |entry| {
                visit(&entry.field, &entry.value)
            }),
        }
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        match &self.0 {
            Repr::Listpack(_) => Encoding::Listpack,
            Repr::Hashtable(_) => Encoding::Hashtable,
        }
    }

    /// Heap bytes the hash owns, not counting this struct.
    pub fn heap_size(&self) -> usize {
        match &self.0 {
            Repr::Listpack(packed) => packed.heap_size(),
            Repr::Hashtable(table) => size_of::<Table<Field>>() + table.heap_size(),
        }
    }

    fn make_table(&mut self) -> &mut Table<Field> {
        if let Repr::Listpack(packed) = &self.0 {
            let mut table = Table::new();
            for (field, value) in packed.iter().map(split) {
                table.insert_new(Field {
                    field: Bytes::from(field),
                    value: Bytes::from(value),
                });
            }
            self.0 = Repr::Hashtable(Box::new(table));
        }
        match &mut self.0 {
            Repr::Hashtable(table) => table,
            Repr::Listpack(_) => unreachable!("the hash has just been made a table"),
        }
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

/// Two hashes are equal if they have the same fields with the same values, whatever their order and
/// encoding.
impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(field, value)| other.get(field) == Some(value))
    }
}

impl Eq for Hash {}

impl Field {
    fn pair(&self) -> (&[u8], &[u8]) {
        (&self.field, &self.value)
    }
}

/// The fields of a hash with their values.
#[derive(Clone, Debug)]
pub struct Iter<'a>(IterRepr<'a>);

#[derive(Clone, Debug)]
enum IterRepr<'a> {
    Listpack(packed::Iter<'a>),
    Hashtable(table::Iter<'a, Field>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            IterRepr::Listpack(entries) => entries.next().map(split),
            IterRepr::Hashtable(entries) => entries.next().map(Field::pair),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            IterRepr::Listpack(entries) => entries.size_hint(),
            IterRepr::Hashtable(entries) => entries.size_hint(),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// Where a field's entry starts, and its value.
#[inline]
fn find<'a>(packed: &'a Packed, field: &[u8]) -> Option<(usize, &'a [u8])> {
    let (header, width) = encode_varint(field.len());
    let header = &header[..width];
    // Fields of a hash tend to share their first bytes; the last one tells most of them apart.
    let last = field.last().unwrap_or(&header[width - 1]);
    let last_at = width + field.len() - 1;
    let mut offset = packed.start();
    while offset < packed.end() {
        let (payload, next) = packed.read(offset);
        if payload.get(last_at) == Some(last)
            && let Some(rest) = payload.strip_prefix(header)
            && let Some(value) = rest.strip_prefix(field)
        {
            return Some((offset, value));
        }
        offset = next;
    }
    None
}

/// Splits a packed entry into field and value.
#[inline]
fn split(payload: &[u8]) -> (&[u8], &[u8]) {
    let mut length = 0;
    for (position, &byte) in payload.iter().enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * position);
        if byte < 0x80 {
            return payload[position + 1..].split_at(length);
        }
    }
    unreachable!("a packed field starts with a whole varint")
}

/// Seven bits a byte, the lowest first; all bytes but the last have the high bit.
#[inline]
fn encode_varint(mut length: usize) -> ([u8; 10], usize) {
    let mut header = [0; 10];
    let mut width = 0;
    while length >= 0x80 {
        header[width] = length as u8 | 0x80;
        length >>= 7;
        width += 1;
    }
    header[width] = length as u8;
    (header, width + 1)
}
