//! Changes of a big hash with what undoes them.

use super::{Field, Hash, Repr};
use crate::{Bytes, Limits};

/// Undoes one change of a hash that [is a table](Hash::is_compact). Changes are undone in reverse order, so positions
/// in the table are enough to name fields.
#[derive(Debug)]
pub enum Undo {
    /// The field added last goes.
    RemoveLast,
    /// A field gets its old value back.
    SetAt {
        /// Where the field is.
        position: u32,
        /// What it held.
        value: Bytes,
    },
    /// A removed field comes back to its place.
    Restore {
        /// Where the field was.
        position: u32,
        /// Its name.
        field: Bytes,
        /// What it held.
        value: Bytes,
    },
}

impl Hash {
    /// Whether copying the whole hash costs about as much as changing it, so that a copy is what undoes changes best.
    /// A hash that is not compact never becomes so again.
    #[inline]
    pub fn is_compact(&self) -> bool {
        matches!(self.0, Repr::Listpack(_))
    }

    /// As [`Hash::set`] on a hash that is not compact, with what undoes it.
    pub fn set_with_undo(
        &mut self,
        field: &[u8],
        value: &[u8],
        limits: &Limits,
    ) -> (Option<Bytes>, Undo) {
        let position = match &self.0 {
            Repr::Hashtable(table) => table.position(field),
            Repr::Listpack(_) => None,
        };
        let old = self.set(field, value, limits);
        let undo = match (position, &old) {
            (Some(position), Some(old)) => Undo::SetAt {
                position: position as u32,
                value: old.clone(),
            },
            _ => Undo::RemoveLast,
        };
        (old, undo)
    }

    /// As [`Hash::remove`] on a hash that is not compact, with what undoes it.
    pub fn remove_with_undo(&mut self, field: &[u8]) -> Option<(Bytes, Undo)> {
        let Repr::Hashtable(table) = &mut self.0 else {
            return None;
        };
        let position = table.position(field)?;
        let removed = table.remove_at(position);
        let undo = Undo::Restore {
            position: position as u32,
            field: removed.field,
            value: removed.value.clone(),
        };
        Some((removed.value, undo))
    }

    /// Undoes a change; all later ones have been undone before.
    pub fn undo(&mut self, undo: Undo) {
        let Repr::Hashtable(table) = &mut self.0 else {
            return;
        };
        match undo {
            Undo::RemoveLast => {
                if let Some(last) = table.len().checked_sub(1) {
                    table.remove_at(last);
                }
            }
            Undo::SetAt { position, value } => {
                table.update(position as usize, |entry| entry.value = value);
            }
            Undo::Restore {
                position,
                field,
                value,
            } => table.restore_at(position as usize, Field { field, value }),
        }
    }
}
