//! Changes of a long string with what undoes them.

use std::ops::Range;

use super::{Repr, StringValue};
use crate::Bytes;

/// Up to so many bytes a string is copied rather than its changes noted.
const COMPACT_BYTES_MAX: usize = 512;

/// Undoes one change of a string that is not [compact](StringValue::is_compact), for as long as it is not replaced as a
/// whole. Changes are undone in reverse order.
#[derive(Debug)]
pub enum Undo {
    /// The string gets its old length back.
    Truncate(usize),
    /// Bytes become what they were, then the string gets its old length back.
    Patch {
        /// Where they begin.
        offset: usize,
        /// What they were.
        bytes: Bytes,
        /// The length before.
        length: usize,
    },
}

impl StringValue {
    /// Whether copying the whole string costs about as much as changing it, so that a copy is what undoes changes best.
    #[inline]
    pub fn is_compact(&self) -> bool {
        match &self.0 {
            Repr::Set(_) | Repr::Changed(_) => self.len() <= COMPACT_BYTES_MAX,
            _ => true,
        }
    }

    /// What undoes a change of the bytes in `range`, which may reach beyond the end.
    pub fn undo_of(&self, range: Range<usize>) -> Undo {
        let mut scratch = [0; 20];
        let length = self.len();
        let old = self.get_range(range.clone(), &mut scratch);
        if old.is_empty() {
            Undo::Truncate(length)
        } else {
            Undo::Patch {
                offset: range.start,
                bytes: Bytes::from(old),
                length,
            }
        }
    }

    /// Undoes a change; all later ones have been undone before.
    pub fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Truncate(length) => self.truncate(length),
            Undo::Patch {
                offset,
                bytes,
                length,
            } => {
                self.set_range(offset, &bytes);
                self.truncate(length);
            }
        }
    }
}
