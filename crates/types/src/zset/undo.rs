//! Changes of a big sorted set with what undoes them.

use std::ops::Range;

use super::{Member, Repr, Scored, Skiplist, SortedSet};
use crate::{Bytes, Limits};

/// Undoes one change of a sorted set that [is a skiplist](SortedSet::is_compact). Changes are undone in reverse order,
/// so positions in its table are enough to name members.
#[derive(Debug)]
pub enum Undo {
    /// The member added last goes.
    RemoveLast,
    /// A member gets its old score back.
    ScoreAt {
        /// Where the member is.
        position: u32,
        /// The score it had.
        score: f64,
    },
    /// A removed member comes back to its place.
    Restore {
        /// Where the member was.
        position: u32,
        /// The member.
        member: Bytes,
        /// The score it had.
        score: f64,
    },
}

impl SortedSet {
    /// Whether copying the whole set costs about as much as changing it, so that a copy is what undoes changes best.
    /// A set that is not compact never becomes so again.
    #[inline]
    pub fn is_compact(&self) -> bool {
        matches!(self.0, Repr::Listpack(_))
    }

    /// As [`SortedSet::insert`] on a set that is not compact, with what undoes it, if anything changed.
    pub fn insert_with_undo(
        &mut self,
        member: &[u8],
        score: f64,
        limits: &Limits,
    ) -> (Option<f64>, Option<Undo>) {
        let old = self.insert(member, score, limits);
        let undo = match (&self.0, old) {
            (_, None) => Some(Undo::RemoveLast),
            (Repr::Skiplist(skiplist), Some(old)) if old != score => skiplist
                .members
                .position(member)
                .map(|position| Undo::ScoreAt {
                    position: position as u32,
                    score: old,
                }),
            _ => None,
        };
        (old, undo)
    }

    /// As [`SortedSet::remove`] on a set that is not compact, with what undoes it.
    pub fn remove_with_undo(&mut self, member: &[u8]) -> Option<(f64, Undo)> {
        let Repr::Skiplist(skiplist) = &mut self.0 else {
            return None;
        };
        let position = skiplist.members.position(member)?;
        let rank = skiplist.rank_of(position);
        let (removed, position) = skiplist.take_at(rank);
        let undo = Undo::Restore {
            position,
            member: removed.member,
            score: removed.score,
        };
        Some((removed.score, undo))
    }

    /// As [`SortedSet::remove_range`] on a set that is not compact; what undoes it goes to `record`, step by step.
    pub fn remove_range_with_undo(
        &mut self,
        ranks: Range<usize>,
        record: &mut dyn FnMut(Undo),
    ) -> Vec<(Bytes, f64)> {
        let Range { start, end } = self.cut(ranks);
        let Repr::Skiplist(skiplist) = &mut self.0 else {
            return Vec::new();
        };
        (start..end)
            .map(|_| {
                let (removed, position) = skiplist.take_at(start);
                record(Undo::Restore {
                    position,
                    member: removed.member.clone(),
                    score: removed.score,
                });
                (removed.member, removed.score)
            })
            .collect()
    }

    /// Undoes a change; all later ones have been undone before.
    pub fn undo(&mut self, undo: Undo) {
        let Repr::Skiplist(skiplist) = &mut self.0 else {
            return;
        };
        match undo {
            Undo::RemoveLast => {
                if let Some(last) = skiplist.members.len().checked_sub(1) {
                    let rank = skiplist.rank_of(last);
                    skiplist.remove_at(rank);
                }
            }
            Undo::ScoreAt { position, score } => {
                let member = skiplist.members.at(position as usize).member.clone();
                skiplist.insert(&member, score);
            }
            Undo::Restore {
                position,
                member,
                score,
            } => skiplist.restore_at(position as usize, Member { member, score }),
        }
    }
}

impl Skiplist {
    /// Removes the member at a rank; with the position it had in the table.
    fn take_at(&mut self, rank: usize) -> (Member, u32) {
        let position = self.order.get(rank).handle;
        (self.remove_at(rank), position)
    }

    /// Undoes the removal of the member at `position`.
    fn restore_at(&mut self, position: usize, entry: Member) {
        let last = self.members.len();
        let score = entry.score;
        if position != last {
            // The member that took the free place goes back to the end of the table.
            let moved_rank = self.rank_of(position);
            let moved_score = self.members.at(position).score;
            let rank = self.rank_for(score, &entry.member);
            self.order.replace(
                moved_rank,
                Scored {
                    score: moved_score,
                    handle: last as u32,
                },
            );
            self.members.restore_at(position, entry);
            self.order.insert(
                rank,
                Scored {
                    score,
                    handle: position as u32,
                },
            );
            return;
        }
        let rank = self.rank_for(score, &entry.member);
        self.members.restore_at(position, entry);
        self.order.insert(
            rank,
            Scored {
                score,
                handle: position as u32,
            },
        );
    }
}
