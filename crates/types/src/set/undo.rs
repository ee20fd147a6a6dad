//! Changes of a big set with what undoes them.

use super::{Repr, Set};
use crate::random::random_below;
use crate::{Bytes, Limits};

/// Undoes one change of a set that [is a table](Set::is_compact). Changes are undone in reverse order, so positions in
/// the table are enough to name members.
#[derive(Debug)]
pub enum Undo {
    /// The member added last goes.
    RemoveLast,
    /// A removed member comes back to its place.
    Restore {
        /// Where the member was.
        position: u32,
        /// The member.
        member: Bytes,
    },
}

impl Set {
    /// Whether copying the whole set costs about as much as changing it, so that a copy is what undoes changes best.
    /// A set that is not compact never becomes so again.
    #[inline]
    pub fn is_compact(&self) -> bool {
        !matches!(self.0, Repr::Hashtable(_))
    }

    /// As [`Set::add`] on a set that is not compact: what undoes it, or `None` if the member was there already.
    pub fn add_with_undo(&mut self, member: &[u8], limits: &Limits) -> Option<Undo> {
        self.add(member, limits).then_some(Undo::RemoveLast)
    }

    /// As [`Set::remove`] on a set that is not compact: what undoes it, or `None` if the member was not there.
    pub fn remove_with_undo(&mut self, member: &[u8]) -> Option<Undo> {
        let Repr::Hashtable(table) = &mut self.0 else {
            return None;
        };
        let position = table.position(member)?;
        let member = table.remove_at(position);
        Some(Undo::Restore {
            position: position as u32,
            member,
        })
    }

    /// As [`Set::pop`] on a set that is not compact, with what undoes it.
    pub fn pop_with_undo(&mut self, rng: &mut dyn FnMut() -> u64) -> Option<(Bytes, Undo)> {
        let Repr::Hashtable(table) = &mut self.0 else {
            return None;
        };
        let position = random_below(table.len(), rng)?;
        let member = table.remove_at(position);
        let undo = Undo::Restore {
            position: position as u32,
            member: member.clone(),
        };
        Some((member, undo))
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
            Undo::Restore { position, member } => table.restore_at(position as usize, member),
        }
    }
}
