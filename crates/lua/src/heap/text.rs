//! Making strings, and what numbers are as strings.

use std::sync::Arc;

use super::Heap;
use super::string::{INLINE, StringData};
use crate::native::Raise;
use crate::number;
use crate::value::{MAX_SHORT, StringHandle, Value};

/// Longest text of a number.
const NUMBER_LENGTH_MAX: usize = 32;
/// Joined texts longer than this are put together where they stay, rather than copied there.
const JOINED_IN_PLACE: usize = 1 << 10;

impl Heap {
    /// Makes a string of any bytes.
    #[inline]
    pub fn new_string(&mut self, bytes: &[u8]) -> StringHandle {
        let (handle, added) = if bytes.len() <= MAX_SHORT {
            self.strings.intern(bytes)
        } else {
            self.strings.add_long(StringData::Owned(bytes.into()))
        };
        self.bytes += added;
        handle
    }

    /// Makes a string that is most likely to be handed on and forgotten: its hash is not computed before it becomes a key. No
    /// program can tell.
    #[inline]
    pub fn new_loose_string(&mut self, bytes: &[u8]) -> StringHandle {
        let (handle, added) = if bytes.len() <= MAX_SHORT {
            self.strings.intern_loose(bytes)
        } else {
            self.strings.add_loose(StringData::Owned(bytes.into()))
        };
        self.bytes += added;
        handle
    }

    /// The handle of a string under which it can be a key.
    #[inline]
    pub(crate) fn settle(&mut self, string: StringHandle) -> StringHandle {
        if !string.is_loose() {
            return string;
        }
        std::hint::cold_path();
        self.strings.settle(string)
    }

    /// The string that a part of another one is. The range must lie within it.
    pub fn new_substring(
        &mut self,
        string: StringHandle,
        range: std::ops::Range<usize>,
    ) -> StringHandle {
        let bytes = self.strings.bytes(string);
        if range.len() == bytes.len() {
            return string;
        }
        let (handle, added) = if range.len() <= MAX_SHORT {
            self.strings.intern_part(string, range)
        } else {
            let bytes = bytes[range].into();
            self.strings.add_long(StringData::Owned(bytes))
        };
        self.bytes += added;
        handle
    }

    /// Makes a string from a buffer without copying it, if it is long.
    pub fn new_string_from_vec(&mut self, bytes: Vec<u8>) -> StringHandle {
        if bytes.len() <= MAX_SHORT {
            return self.new_string(&bytes);
        }
        let (handle, added) = self
            .strings
            .add_long(StringData::Owned(bytes.into_boxed_slice()));
        self.bytes += added;
        handle
    }

    /// Makes a string that shares a buffer with the host (short ones are copied).
    pub fn new_shared_string(&mut self, bytes: &Arc<[u8]>) -> StringHandle {
        if bytes.len() <= MAX_SHORT {
            return self.new_string(bytes);
        }
        let (handle, added) = self.strings.add_long(StringData::Shared(Arc::clone(bytes)));
        self.bytes += added;
        handle
    }

    /// The bytes of a string.
    #[inline(always)]
    pub fn bytes(&self, string: StringHandle) -> &[u8] {
        self.strings.bytes(string)
    }

    /// The bytes of a quite short string, and how many of them there are; zeros follow. None for any other.
    #[inline(always)]
    pub fn bytes_in_place(&self, string: StringHandle) -> Option<(&[u8; INLINE], usize)> {
        self.strings.in_place(string)
    }

    /// A long string's bytes as a buffer that stays whatever becomes of the heap. The first time they are copied; a short
    /// string gives none.
    pub fn share_bytes(&mut self, string: StringHandle) -> Option<Arc<[u8]>> {
        self.strings.share(string)
    }

    /// The string a number is converted to (`%.14g`).
    pub fn number_to_string(&mut self, number: f64) -> StringHandle {
        self.new_string(number::to_text(number).as_bytes())
    }

    /// A value as a number, as arithmetic converts it: numbers and strings that read as numbers.
    #[inline]
    pub fn to_number(&self, value: Value) -> Option<f64> {
        match value {
            Value::Number(number) => Some(number),
            Value::String(string) => number::parse(self.bytes(string)),
            _ => None,
        }
    }

    /// Joins strings and numbers into one string.
    pub(crate) fn concat(&mut self, values: &[Value]) -> Result<StringHandle, Raise> {
        let lengths = values.iter().map(|value| match *value {
            Value::String(string) => self.strings.bytes(string).len(),
            _ => NUMBER_LENGTH_MAX,
        });
        let most = lengths.fold(0, usize::saturating_add);
        if !self.has_room(most) {
            return Err(Raise::OutOfMemory);
        }
        if most > JOINED_IN_PLACE {
            let mut bytes = Vec::new();
            bytes
                .try_reserve_exact(most)
                .map_err(|_| Raise::OutOfMemory)?;
            self.join(values, &mut bytes);
            return Ok(self.new_string_from_vec(bytes));
        }
        let mut buffer = std::mem::take(&mut self.scratch);
        buffer.clear();
        self.join(values, &mut buffer);
        let string = self.new_string(&buffer);
        self.scratch = buffer;
        Ok(string)
    }

    #[inline]
    fn join(&self, values: &[Value], out: &mut Vec<u8>) {
        for &value in values {
            match value {
                Value::String(string) => self.strings.append(string, out),
                Value::Number(number) => number::write_number(out, number),
                _ => {}
            }
        }
    }
}
