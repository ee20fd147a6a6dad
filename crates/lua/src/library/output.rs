//! The buffer in which a library function puts together a string.

use crate::heap::Heap;
use crate::native::{Call, Raise};
use crate::value::StringHandle;

/// Longest string there can be, in bytes.
pub(crate) const LONGEST_STRING: usize = i32::MAX as usize;
/// Results longer than this take the buffer along instead of being copied out of it.
const COPIED: usize = 1 << 12;
/// Largest buffer that is kept for the next call.
const KEPT: usize = 1 << 16;

/// Bytes under construction. Everything that adds to them asks [`Output::room`] first.
pub(crate) struct Output {
    /// The bytes so far.
    pub(crate) bytes: Vec<u8>,
}

impl Output {
    /// An empty buffer, the VM's own one if it is free.
    pub(crate) fn new(call: &mut Call<'_>) -> Output {
        Output {
            bytes: std::mem::take(&mut call.runtime.libraries.buffer),
        }
    }

    /// Makes room for `more` bytes within the memory cap.
    ///
    /// # Errors
    ///
    /// The cap, the longest string or the machine's memory would be exceeded.
    #[inline]
    pub(crate) fn room(&mut self, heap: &Heap, more: usize) -> Result<(), Raise> {
        if self.bytes.capacity() - self.bytes.len() >= more {
            Ok(())
        } else {
            self.grow(heap, more)
        }
    }

    #[cold]
    fn grow(&mut self, heap: &Heap, more: usize) -> Result<(), Raise> {
        let length = self.bytes.len();
        let needed = length.saturating_add(more);
        if needed > LONGEST_STRING || !heap.has_room(needed) {
            return Err(Raise::OutOfMemory);
        }
        let mut capacity = needed.max(length * 2).max(64);
        if !heap.has_room(capacity) {
            capacity = needed;
        }
        self.bytes
            .try_reserve_exact(capacity - length)
            .map_err(|_| Raise::OutOfMemory)
    }

    /// Adds `text`.
    #[inline]
    pub(crate) fn extend(&mut self, heap: &Heap, text: &[u8]) -> Result<(), Raise> {
        self.room(heap, text.len())?;
        match *text {
            [] => {}
            // What stands between two words, without a call.
            [byte] => self.bytes.push(byte),
            _ => self.bytes.extend_from_slice(text),
        }
        Ok(())
    }

    /// Adds a string.
    #[inline]
    pub(crate) fn add(&mut self, heap: &Heap, string: StringHandle) -> Result<(), Raise> {
        self.room(heap, heap.bytes(string).len())?;
        heap.strings.append(string, &mut self.bytes);
        Ok(())
    }

    /// Adds a byte.
    #[inline]
    pub(crate) fn push(&mut self, heap: &Heap, byte: u8) -> Result<(), Raise> {
        self.room(heap, 1)?;
        self.bytes.push(byte);
        Ok(())
    }

    /// Makes the string and charges for its bytes.
    pub(crate) fn finish(mut self, call: &mut Call<'_>) -> Result<StringHandle, Raise> {
        call.charge(1 + self.bytes.len() as u64 / 16)?;
        if self.bytes.len() > COPIED {
            return Ok(call.heap_mut().new_string_from_vec(self.bytes));
        }
        let string = call.new_string(&self.bytes);
        self.discard(call);
        Ok(string)
    }

    /// Gives the buffer back unused.
    pub(crate) fn discard(&mut self, call: &mut Call<'_>) {
        if self.bytes.capacity() <= KEPT {
            self.bytes.clear();
            call.runtime.libraries.buffer = std::mem::take(&mut self.bytes);
        }
    }
}

/// The string that `range` of `string` is.
#[inline]
pub(crate) fn substring(
    call: &mut Call<'_>,
    string: StringHandle,
    range: std::ops::Range<usize>,
) -> Result<StringHandle, Raise> {
    let length = range.len();
    if length > COPIED && length < call.bytes(string).len() {
        call.reserve(length)?;
        call.charge(length as u64 / 16)?;
    }
    Ok(call.heap_mut().new_substring(string, range))
}
