//! Strings: integers, short strings and byte buffers behind one 16-byte value.
//!
//! A new string is `int` if it is the canonical form of a 64-bit integer, `embstr` up to 44 bytes,
//! else `raw`. Changing a string in place makes it `raw` whatever its length, and it stays so until
//! it is set anew.

use std::fmt;
use std::ops::Range;

use crate::bytes::{Block, HEAP_HEADER};
use crate::number::{parse_i64, write_i64};
use crate::{Encoding, Text};

#[cfg(test)]
mod tests;
mod undo;

pub use undo::Undo;

/// Longest content, in bytes, of the `embstr` encoding.
pub const EMBSTR_MAX: usize = 44;

/// Longest content stored without a heap block.
const INLINE: usize = 14;

/// The value of a string key.
#[derive(Clone)]
pub struct StringValue(Repr);

#[derive(Clone)]
pub(crate) enum Repr {
    Int(i64),
    Inline {
        length: u8,
        data: [u8; INLINE],
    },
    /// As it was set: `embstr` or `raw`, by its length.
    Set(Block),
    /// Changed in place. The vector has a block of its own, for it grows.
    #[expect(
        clippy::box_collection,
        reason = "a vector is three words, a value has room for one"
    )]
    Changed(Box<Vec<u8>>),
}

const _: () = assert!(size_of::<StringValue>() == 16);

impl StringValue {
    /// A string in its most compact encoding, as SET stores it.
    #[inline]
    pub fn new(bytes: &[u8]) -> Self {
        match parse_i64(bytes) {
            Some(integer) => Self(Repr::Int(integer)),
            None => Self::without_int(bytes),
        }
    }

    /// A string that is `embstr` or `raw` even if it looks like an integer, as INCRBYFLOAT stores
    /// it.
    #[inline]
    pub fn without_int(bytes: &[u8]) -> Self {
        if bytes.len() <= INLINE {
            let mut data = [0; INLINE];
            data[..bytes.len()].copy_from_slice(bytes);
            return Self(Repr::Inline {
                length: bytes.len() as u8,
                data,
            });
        }
        Self(Repr::Set(Block::from_header_and_slice((), bytes)))
    }

    /// A `raw` string of any length, as SETRANGE and SETBIT create it.
    pub fn raw(bytes: &[u8]) -> Self {
        Self(Repr::Changed(Box::new(bytes.to_vec())))
    }

    /// The content; an integer is written into `scratch` first. Never allocates.
    #[inline]
    pub fn as_bytes<'a>(&'a self, scratch: &'a mut [u8; 20]) -> &'a [u8] {
        match &self.0 {
            Repr::Int(integer) => write_i64(*integer, scratch),
            Repr::Inline { length, data } => &data[..usize::from(*length)],
            Repr::Set(block) => &block.slice,
            Repr::Changed(buffer) => buffer,
        }
    }

    /// The content as a view that carries its own scratch space.
    #[inline]
    pub fn text(&self) -> Text<'_> {
        match &self.0 {
            Repr::Int(integer) => Text::from(*integer),
            Repr::Inline { length, data } => Text::from(&data[..usize::from(*length)]),
            Repr::Set(block) => Text::from(&block.slice),
            Repr::Changed(buffer) => Text::from(buffer.as_slice()),
        }
    }

    /// The content's length in bytes, as STRLEN shows it.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Int(_) => self.text().len(),
            Repr::Inline { length, .. } => usize::from(*length),
            Repr::Set(block) => block.slice.len(),
            Repr::Changed(buffer) => buffer.len(),
        }
    }

    /// Whether the content is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The content as an integer, if it is one in canonical form.
    #[inline]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(integer) => Some(*integer),
            Repr::Inline { length, data } => parse_i64(&data[..usize::from(*length)]),
            Repr::Set(block) => parse_i64(&block.slice),
            Repr::Changed(buffer) => parse_i64(buffer),
        }
    }

    /// The part of the content in `range`, cut to the content's length.
    pub fn get_range<'a>(&'a self, range: Range<usize>, scratch: &'a mut [u8; 20]) -> &'a [u8] {
        let bytes = self.as_bytes(scratch);
        let end = range.end.min(bytes.len());
        &bytes[range.start.min(end)..end]
    }

    /// Adds bytes at the end and returns the new length. The string is `raw` from now on.
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        let content = self.make_raw(bytes.len());
        content.extend_from_slice(bytes);
        content.len()
    }

    /// Overwrites the content from `offset` on and returns the new length. A gap is filled with
    /// zero bytes. The string is `raw` from now on, even if `bytes` is empty.
    pub fn set_range(&mut self, offset: usize, bytes: &[u8]) -> usize {
        if !bytes.is_empty() {
            self.bytes_mut(offset.saturating_add(bytes.len()))[offset..][..bytes.len()]
                .copy_from_slice(bytes);
        }
        self.make_raw(0).len()
    }

    /// The content for changes in place, first extended with zero bytes to `length_min`. The string
    /// is `raw` from now on.
    pub fn bytes_mut(&mut self, length_min: usize) -> &mut [u8] {
        let content = self.make_raw(0);
        if content.len() < length_min {
            content.resize(length_min, 0);
        }
        content
    }

    /// The bytes in `range` for changes in place, the content first extended with zero bytes to the range's end. The
    /// string is `raw` from now on.
    pub fn range_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        &mut self.bytes_mut(range.end)[range]
    }

    /// Cuts the content to `length` bytes; undoes an [`append`](Self::append). The string is `raw`
    /// from now on.
    pub fn truncate(&mut self, length: usize) {
        self.make_raw(0).truncate(length);
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        match &self.0 {
            Repr::Int(_) => Encoding::Int,
            Repr::Inline { .. } => Encoding::Embstr,
            Repr::Set(block) if block.slice.len() <= EMBSTR_MAX => Encoding::Embstr,
            Repr::Set(_) | Repr::Changed(_) => Encoding::Raw,
        }
    }

    /// Bytes of heap memory this string owns, not counting its own 16.
    #[inline]
    pub fn heap_size(&self) -> usize {
        match &self.0 {
            Repr::Int(_) | Repr::Inline { .. } => 0,
            Repr::Set(block) => HEAP_HEADER + block.slice.len(),
            Repr::Changed(buffer) => size_of::<Vec<u8>>() + buffer.capacity(),
        }
    }

    /// Turns the string into a buffer with room for `additional` bytes more.
    fn make_raw(&mut self, additional: usize) -> &mut Vec<u8> {
        if !matches!(self.0, Repr::Changed(_)) {
            let mut buffer = Vec::with_capacity(self.len() + additional);
            buffer.extend_from_slice(&self.text());
            self.0 = Repr::Changed(Box::new(buffer));
        }
        match &mut self.0 {
            Repr::Changed(buffer) => buffer,
            _ => unreachable!("the string has just been made raw"),
        }
    }
}

impl From<i64> for StringValue {
    #[inline]
    fn from(integer: i64) -> Self {
        Self(Repr::Int(integer))
    }
}

/// Two strings are equal if their contents are, whatever their encodings.
impl PartialEq for StringValue {
    fn eq(&self, other: &Self) -> bool {
        *self.text() == *other.text()
    }
}

impl Eq for StringValue {}

impl fmt::Debug for StringValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({})", self.text(), self.encoding().name())
    }
}
