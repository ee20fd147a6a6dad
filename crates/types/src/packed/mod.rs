//! A sequence of small byte strings in one heap block: what Redis calls a listpack.
//!
//! An entry is its payload between two copies of its length, so that a walk can go either way:
//!
//! ```text
//! ┌─────────────┬─────────┬───────────────────┐
//! │ length: 1–5 │ payload │ mirrored length   │
//! └─────────────┴─────────┴───────────────────┘
//!   0xxxxxxx                                    below 128
//!   10xxxxxx xxxxxxxx                           below 16,384
//!   11000000 and 4 bytes, little-endian         any other
//! ```
//!
//! Entries are addressed by the offset of their first byte. A gap of unused bytes may stand before
//! the first entry, so that removing from and adding at the front need not move the rest.

#[cfg(test)]
mod tests;

/// Byte strings packed side by side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    /// Not a vector behind a thin pointer: length and capacity take as much room in here as they would take in the block,
    /// and slices are copied whole.
    bytes: Vec<u8>,
    /// Where the first entry starts; the bytes before are unused.
    head: u32,
    count: u32,
}

const _: () = assert!(size_of::<Packed>() == 32);

/// Largest block, in bytes. Owners move to another form long before.
pub(crate) const SIZE_MAX: usize = 1 << 30;

impl Packed {
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Bytes all entries take.
    #[inline]
    pub fn size(&self) -> usize {
        self.bytes.len() - self.head as usize
    }

    /// Heap bytes of the block.
    #[inline]
    pub fn heap_size(&self) -> usize {
        self.bytes.capacity()
    }

    /// Offset of the first entry; equal to [`end`](Self::end) if there is none.
    #[inline]
    pub fn start(&self) -> usize {
        self.head as usize
    }

    /// Offset behind the last entry.
    #[inline]
    pub fn end(&self) -> usize {
        self.bytes.len()
    }

    /// The payload of the entry at `offset` and the offset of the next.
    #[inline]
    pub fn read(&self, offset: usize) -> (&[u8], usize) {
        let (length, width) = decode(&self.bytes[offset..]);
        let start = offset + width;
        (&self.bytes[start..start + length], start + length + width)
    }

    /// The offset of the entry that ends at `offset`.
    #[inline]
    pub fn before(&self, offset: usize) -> usize {
        let (length, width) = decode_mirrored(&self.bytes[..offset]);
        offset - length - 2 * width
    }

    /// The offset of the entry at `index`, at most [`len`](Self::len); walks from the nearer end.
    pub fn offset_of(&self, index: usize) -> usize {
        let len = self.len();
        if index <= len / 2 {
            (0..index).fold(self.start(), |offset, _| self.read(offset).1)
        } else {
            (index..len).fold(self.end(), |offset, _| self.before(offset))
        }
    }

    /// Inserts an entry before the one at `offset`; its payload is all `parts`, joined.
    pub fn insert(&mut self, offset: usize, parts: &[&[u8]]) {
        let length = parts.iter().map(|part| part.len()).sum();
        if offset == self.end() {
            self.append(length, parts);
        } else {
            let offset = self.open_gap(offset, entry_size(length));
            self.write(offset, length, parts);
        }
        self.count += 1;
    }

    /// Adds an entry behind the last.
    pub fn push_back(&mut self, parts: &[&[u8]]) {
        self.insert(self.end(), parts);
    }

    /// Replaces the payload of the entry at `offset`; entries before it keep their offsets.
    pub fn replace(&mut self, offset: usize, parts: &[&[u8]]) {
        let (old, _) = decode(&self.bytes[offset..]);
        let (old, length) = (entry_size(old), parts.iter().map(|part| part.len()).sum());
        let new = entry_size(length);
        if new > old {
            self.grow_tail(offset + old, new - old);
        } else {
            self.bytes.drain(offset + new..offset + old);
        }
        self.write(offset, length, parts);
    }

    /// Removes the entry at `offset`. Entries before it keep their offsets; the next one, if any,
    /// then stands at the offset returned.
    pub fn remove(&mut self, offset: usize) -> usize {
        let (_, next) = self.read(offset);
        self.count -= 1;
        self.remove_bytes(offset, next)
    }

    /// Removes the entries from `start` to `end`, which are `count`.
    pub fn remove_range(&mut self, start: usize, end: usize, count: usize) {
        self.count -= count as u32;
        self.remove_bytes(start, end);
    }

    /// Moves the entries from `offset` on, which are `count`, to a block of their own.
    pub fn split_off(&mut self, offset: usize, count: usize) -> Self {
        let bytes = self.bytes[offset..].to_vec();
        self.bytes.truncate(offset);
        self.bytes.shrink_to_fit();
        self.count -= count as u32;
        Self {
            bytes,
            head: 0,
            count: count as u32,
        }
    }

    /// All payloads from first to last.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            packed: self,
            start: self.start(),
            end: self.end(),
            remaining: self.len(),
        }
    }

    /// The payloads of `count` entries, the first at `start`, the last ending at `end`.
    pub fn iter_between(&self, start: usize, end: usize, count: usize) -> Iter<'_> {
        Iter {
            packed: self,
            start,
            end,
            remaining: count,
        }
    }

    fn remove_bytes(&mut self, start: usize, end: usize) -> usize {
        if start == self.start() {
            self.head = end as u32;
            if self.count == 0 {
                self.bytes = Vec::new();
                self.head = 0;
            } else if self.start() > self.bytes.len() / 2 {
                self.bytes.drain(..self.head as usize);
                self.head = 0;
                self.give_back();
            }
            return self.start();
        }
        self.bytes.drain(start..end);
        self.give_back();
        start
    }

    /// Returns unused capacity once it is more than half of the block.
    fn give_back(&mut self) {
        if self.bytes.capacity() > 64 && self.bytes.len() < self.bytes.capacity() / 2 {
            self.bytes.shrink_to_fit();
        }
    }

    /// Makes room for `size` bytes before the entry at `offset`; returns where the room is.
    fn open_gap(&mut self, offset: usize, size: usize) -> usize {
        if offset == self.start() && self.count > 0 {
            if self.start() < size {
                // Pushing at the front again and again must not move everything each time.
                let room = size + self.size() / 4;
                let missing = room - self.start();
                self.grow_tail(0, missing);
                self.head += missing as u32;
            }
            self.head -= size as u32;
            return self.start();
        }
        self.grow_tail(offset, size);
        offset
    }

    /// Moves the bytes from `offset` on up by `size`.
    fn grow_tail(&mut self, offset: usize, size: usize) {
        let old = self.bytes.len();
        self.reserve(size);
        self.bytes.resize(old + size, 0);
        self.bytes.copy_within(offset..old, offset + size);
    }

    fn reserve(&mut self, size: usize) {
        let old = self.bytes.len();
        if self.bytes.capacity() - old < size {
            // A block is usually small and one of millions: growing by an eighth wastes little of
            // it.
            self.bytes.reserve_exact(size + (old + size) / 8);
        }
    }

    /// Writes an entry behind the last.
    fn append(&mut self, length: usize, parts: &[&[u8]]) {
        self.reserve(entry_size(length));
        let (mut header, width) = encode(length);
        self.bytes.extend_from_slice(&header[..width]);
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        header[..width].reverse();
        self.bytes.extend_from_slice(&header[..width]);
    }

    /// Writes an entry over the bytes at `offset`.
    fn write(&mut self, offset: usize, length: usize, parts: &[&[u8]]) {
        let (header, width) = encode(length);
        let mut at = offset;
        self.bytes[at..at + width].copy_from_slice(&header[..width]);
        at += width;
        for part in parts {
            self.bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        for (position, &byte) in header[..width].iter().rev().enumerate() {
            self.bytes[at + position] = byte;
        }
    }
}

/// Bytes an entry takes whose payload has `length` bytes.
pub(crate) fn entry_size(length: usize) -> usize {
    length + 2 * width_of(length)
}

fn width_of(length: usize) -> usize {
    match length {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        _ => 5,
    }
}

fn encode(length: usize) -> ([u8; 5], usize) {
    let mut header = [0; 5];
    let width = width_of(length);
    match width {
        1 => header[0] = length as u8,
        2 => {
            header[0] = 0x80 | (length >> 8) as u8;
            header[1] = length as u8;
        }
        _ => {
            header[0] = 0xc0;
            header[1..].copy_from_slice(&(length as u32).to_le_bytes());
        }
    }
    (header, width)
}

/// The length at the start of `bytes` and how many bytes it takes.
#[inline]
fn decode(bytes: &[u8]) -> (usize, usize) {
    match bytes[0] {
        first @ 0..0x80 => (usize::from(first), 1),
        first @ 0x80..0xc0 => (usize::from(first & 0x3f) << 8 | usize::from(bytes[1]), 2),
        _ => (
            u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize,
            5,
        ),
    }
}

/// The mirrored length at the end of `bytes` and how many bytes it takes.
#[inline]
fn decode_mirrored(bytes: &[u8]) -> (usize, usize) {
    let last = bytes.len() - 1;
    match bytes[last] {
        first @ 0..0x80 => (usize::from(first), 1),
        first @ 0x80..0xc0 => (
            usize::from(first & 0x3f) << 8 | usize::from(bytes[last - 1]),
            2,
        ),
        _ => {
            let length = [
                bytes[last - 1],
                bytes[last - 2],
                bytes[last - 3],
                bytes[last - 4],
            ];
            (u32::from_le_bytes(length) as usize, 5)
        }
    }
}

/// The payloads of a [`Packed`], from either end.
#[derive(Clone, Debug)]
pub(crate) struct Iter<'a> {
    packed: &'a Packed,
    start: usize,
    end: usize,
    remaining: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.remaining = self.remaining.checked_sub(1)?;
        let (payload, next) = self.packed.read(self.start);
        self.start = next;
        Some(payload)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        self.end = self.packed.before(self.end);
        Some(self.packed.read(self.end).0)
    }
}

impl ExactSizeIterator for Iter<'_> {}
