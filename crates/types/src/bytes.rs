//! A 16-byte owned byte string: the unit keys, fields, members and elements are stored in.
//!
//! Up to [`Bytes::INLINE`] bytes live in the value itself; longer strings live in one exactly sized
//! heap block behind a thin pointer. Most fields and members of real data sets are short, so most
//! cost no allocation at all.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use triomphe::ThinArc;

/// An immutable, owned byte string of 16 bytes plus, above 14 bytes of content, one heap block.
#[derive(Clone)]
pub struct Bytes(Repr);

#[derive(Clone)]
enum Repr {
    Inline {
        length: u8,
        data: [u8; Bytes::INLINE],
    },
    Heap(Block),
}

const _: () = assert!(size_of::<Bytes>() == 16);

/// A heap block behind a thin pointer. It is never changed, so copies share it.
pub(crate) type Block = ThinArc<(), u8>;

/// Bytes a heap block has before its content: a count of owners and a length, or a length and a capacity.
pub(crate) const HEAP_HEADER: usize = 16;

impl Bytes {
    /// The longest content that is stored without a heap block.
    pub const INLINE: usize = 14;

    /// An empty string; allocates nothing.
    pub const fn new() -> Self {
        Self(Repr::Inline {
            length: 0,
            data: [0; Self::INLINE],
        })
    }

    /// The content.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, data } => &data[..usize::from(*length)],
            Repr::Heap(block) => &block.slice,
        }
    }

    /// Bytes of heap memory this string owns, not counting its own 16.
    #[inline]
    pub fn heap_size(&self) -> usize {
        match &self.0 {
            Repr::Inline { .. } => 0,
            Repr::Heap(block) => HEAP_HEADER + block.slice.len(),
        }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Maps keyed by `Bytes` can be asked with a plain slice: `Hash`, `Eq` and `Ord` agree with
/// `[u8]`'s.
impl Borrow<[u8]> for Bytes {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl From<&[u8]> for Bytes {
    #[inline]
    fn from(bytes: &[u8]) -> Self {
        if bytes.len() <= Self::INLINE {
            let mut data = [0; Self::INLINE];
            data[..bytes.len()].copy_from_slice(bytes);
            Self(Repr::Inline {
                length: bytes.len() as u8,
                data,
            })
        } else {
            Self(Repr::Heap(Block::from_header_and_slice((), bytes)))
        }
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl PartialEq for Bytes {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Bytes {}

impl PartialEq<[u8]> for Bytes {
    #[inline]
    fn eq(&self, other: &[u8]) -> bool {
        self.as_slice() == other
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for Bytes {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl PartialOrd for Bytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bytes {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

/// Shows the content as a string literal; bytes that are no text become `\xNN`.
impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_survives_at_every_length_around_the_inline_limit() {
        for length in 0..100 {
            let content: Vec<u8> = (0..length).collect();
            let bytes = Bytes::from(content.as_slice());
            assert_eq!(&*bytes, content.as_slice());
            assert_eq!(bytes.clone(), bytes);
            assert_eq!(bytes.heap_size() == 0, usize::from(length) <= Bytes::INLINE);
        }
    }

    #[test]
    fn order_and_hash_are_those_of_the_slice() {
        let short = Bytes::from(b"b");
        let long = Bytes::from("a long string that is on the heap");
        assert!(long < short);
        let map = std::collections::HashMap::from([(long, 1)]);
        assert_eq!(
            map.get(b"a long string that is on the heap".as_slice()),
            Some(&1)
        );
    }

    #[test]
    fn debug_shows_bytes_that_are_no_text() {
        assert_eq!(format!("{:?}", Bytes::from(b"a\n\xff")), "\"a\\n\\xff\"");
    }
}
