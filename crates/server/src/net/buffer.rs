//! The query buffer: received bytes that are not yet consumed.

/// Bytes read at once from a connection, and the size of the buffer that workers lend.
pub const READ_SIZE: usize = 64 * 1024;
/// Least room a read is given in a buffer that is partly filled.
const MIN_ROOM: usize = 4 * 1024;
/// A buffer of this size no longer doubles without need.
const HUGE: usize = 16 * 1024 * 1024;

/// A buffer that is filled at its end and consumed at its start. All its memory is initialised, so that
/// reads can go straight into it.
#[derive(Debug, Default)]
pub struct QueryBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl QueryBuffer {
    /// A buffer with room for `size` bytes.
    pub fn with_size(size: usize) -> Self {
        QueryBuffer {
            bytes: vec![0; size],
            start: 0,
            end: 0,
        }
    }

    /// The bytes received and not yet consumed.
    #[inline]
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The same, to be parsed: inline requests are unquoted in place.
    #[inline]
    pub fn unread_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// Number of bytes received and not yet consumed.
    #[inline]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether all bytes are consumed.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Bytes of memory held.
    #[inline]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Drops the first `count` unread bytes, at most all.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Drops all unread bytes.
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Room for more bytes, at least some. `needed` is how long the request at the start is known to be:
    /// a large one gets its room in few steps, but never more than what has already arrived, so that an
    /// announced length costs no memory.
    pub fn room(&mut self, needed: usize) -> &mut [u8] {
        let missing = needed.saturating_sub(self.len()).max(MIN_ROOM);
        if self.bytes.len() - self.end < missing && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() - self.end < missing {
            let held = self.bytes.len();
            let double = (held * 2).max(READ_SIZE);
            let exact = self.end.saturating_add(missing);
            // The end of a huge request is not to cost as much again as the whole of it.
            let least = held + if held < HUGE { held } else { held / 8 };
            let size = exact.max(least).min(double);
            self.bytes.reserve_exact(size - held);
            self.bytes.resize(size, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Counts `count` bytes that were put into the room.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Appends bytes.
    pub fn extend(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.room(bytes.len());
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            self.filled(count);
            bytes = &bytes[count..];
        }
    }

    /// A buffer of just the unread bytes, leaving this one empty.
    pub fn split_unread(&mut self) -> QueryBuffer {
        let bytes = self.unread().to_vec();
        self.clear();
        QueryBuffer {
            start: 0,
            end: bytes.len(),
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_queue(
            steps in proptest::collection::vec((any::<bool>(), 0..20_000_usize, any::<u8>(), any::<bool>()), 0..60)
        ) {
            let mut buffer = QueryBuffer::default();
            let mut model: Vec<u8> = Vec::new();
            for (put, count, byte, split) in steps {
                if put {
                    let bytes = vec![byte; count];
                    buffer.extend(&bytes);
                    model.extend_from_slice(&bytes);
                } else {
                    buffer.consume(count);
                    model.drain(..count.min(model.len()));
                }
                if split {
                    buffer = buffer.split_unread();
                }
                prop_assert_eq!(buffer.unread(), &model[..]);
                prop_assert!(buffer.size() <= 2 * READ_SIZE.max(2 * 60 * 20_000));
            }
        }
    }

    #[test]
    fn the_end_of_a_huge_request_takes_little_more_room() {
        let mut buffer = QueryBuffer::with_size(READ_SIZE);
        let request = vec![b'x'; 2 * HUGE];
        // The last bytes come alone, when there is hardly any room left.
        let mut sent = 0;
        while sent < request.len() - 10 {
            let room = buffer.room(request.len());
            let count = room.len().min(request.len() - 10 - sent);
            room[..count].copy_from_slice(&request[sent..sent + count]);
            buffer.filled(count);
            sent += count;
        }
        buffer.room(request.len());
        assert!(buffer.size() < request.len() / 4 * 5, "{}", buffer.size());
    }

    #[test]
    fn an_announced_length_costs_no_memory() {
        let mut buffer = QueryBuffer::with_size(READ_SIZE);
        buffer.extend(b"*1\r\n$536870912\r\n");
        assert!(!buffer.room(536_870_912).is_empty());
        assert!(buffer.size() <= 2 * READ_SIZE);
    }
}
