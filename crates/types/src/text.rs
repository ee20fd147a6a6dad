//! A read-only view of stored bytes that may have to be written out as digits first.

use std::fmt;
use std::ops::Deref;

/// Bytes borrowed from a value, or the decimal digits of an integer the value keeps in binary.
/// Never allocates.
#[derive(Clone, Copy)]
pub struct Text<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    Borrowed(&'a [u8]),
    Digits { length: u8, digits: [u8; 20] },
}

impl<'a> From<&'a [u8]> for Text<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        Self(Repr::Borrowed(bytes))
    }
}

impl From<i64> for Text<'_> {
    #[inline]
    fn from(integer: i64) -> Self {
        let mut digits = [0; 20];
        let length = crate::number::write_i64(integer, &mut digits).len() as u8;
        Self(Repr::Digits { length, digits })
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Borrowed(bytes) => bytes,
            Repr::Digits { length, digits } => &digits[..usize::from(*length)],
        }
    }
}

impl AsRef<[u8]> for Text<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text<'_> {}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}
