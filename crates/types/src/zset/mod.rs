//! Sorted sets: members ordered by score, then by bytes.
//!
//! Ranges by score and by member are turned into ranges of ranks first ([`SortedSet::score_range`],
//! [`SortedSet::lex_range`]); counting, reading in either direction, limiting and removing then work on ranks.

use std::cmp::Ordering;
use std::ops::Range;

use crate::random::{random_below, random_distinct};
use crate::table::{Entry, Table};
use crate::{Bytes, Encoding, Limits};

mod range;
#[cfg(test)]
mod tests;

pub use range::{LexBound, LexRange, ScoreBound, ScoreRange};

/// The value of a sorted set key.
#[derive(Clone, Debug)]
pub struct SortedSet {
    table: Table<Member>,
    order: Vec<u32>,
    big: bool,
}

#[derive(Clone, Debug)]
struct Member {
    member: Bytes,
    score: f64,
}

impl Entry for Member {
    #[inline]
    fn key(&self) -> &[u8] {
        &self.member
    }

    #[inline]
    fn heap_size(&self) -> usize {
        self.member.heap_size()
    }
}

impl SortedSet {
    /// An empty sorted set.
    pub fn new() -> Self {
        Self {
            table: Table::new(),
            order: Vec::new(),
            big: false,
        }
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is no member; such a set must not stay in the keyspace.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        self.table.get(member).map(|entry| entry.score)
    }

    /// Adds a member or changes its score; returns the score it had. `score` must not be NaN.
    pub fn insert(&mut self, member: &[u8], score: f64, limits: &Limits) -> Option<f64> {
        // A listpack keeps whole scores as integers, which have no negative zero.
        let score = if score == 0.0 && !self.big {
            0.0
        } else {
            score
        };
        if member.len() > limits.zset_max_listpack_value {
            self.big = true;
        }
        if let Some(position) = self.table.position(member) {
            let old = self.table.at(position).score;
            let rank = self.lower_bound(old, member);
            self.order.remove(rank);
            let rank = self.lower_bound(score, member);
            self.order.insert(rank, position as u32);
            self.table.update(position, |entry| entry.score = score);
            return Some(old);
        }
        let rank = self.lower_bound(score, member);
        let position = self.table.insert_new(Member {
            member: Bytes::from(member),
            score,
        });
        self.order.insert(rank, position as u32);
        if self.len() > limits.zset_max_listpack_entries {
            self.big = true;
        }
        None
    }

    /// Removes a member and returns its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let score = self.score(member)?;
        let rank = self.lower_bound(score, member);
        self.remove_at(rank).map(|(_, score)| score)
    }

    /// The rank of a member, counted from the lowest score, with its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        Some((self.lower_bound(score, member), score))
    }

    /// The member at a rank with its score.
    pub fn get(&self, rank: usize) -> Option<(&[u8], f64)> {
        self.order.get(rank).map(|&position| {
            let entry = self.table.at(position as usize);
            (&*entry.member, entry.score)
        })
    }

    /// The ranks of the members whose scores lie in `range`.
    pub fn score_range(&self, range: &ScoreRange) -> Range<usize> {
        let start = self.partition_point(|_, score| range.is_below(score));
        let end = self.partition_point(|_, score| !range.is_above(score));
        start..end.max(start)
    }

    /// The ranks of the members that lie in `range`, if all members have the same score; else some range.
    pub fn lex_range(&self, range: &LexRange<'_>) -> Range<usize> {
        let start = self.partition_point(|member, _| range.is_below(member));
        let end = self.partition_point(|member, _| !range.is_above(member));
        start..end.max(start)
    }

    /// All members with their scores from the lowest.
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&[u8], f64)> + ExactSizeIterator + Clone {
        self.range(0..self.len())
    }

    /// The members with ranks in `ranks`, cut to the set's size.
    pub fn range(
        &self,
        ranks: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = (&[u8], f64)> + ExactSizeIterator + Clone {
        let end = ranks.end.min(self.len());
        let start = ranks.start.min(end);
        self.order[start..end].iter().map(|&position| {
            let entry = self.table.at(position as usize);
            (&*entry.member, entry.score)
        })
    }

    /// Removes the members with ranks in `ranks`, cut to the set's size, and returns them in order.
    pub fn remove_range(&mut self, ranks: Range<usize>) -> Vec<(Bytes, f64)> {
        let end = ranks.end.min(self.len());
        let start = ranks.start.min(end);
        (start..end).filter_map(|_| self.remove_at(start)).collect()
    }

    /// Removes the member with the lowest score and returns it.
    pub fn pop_min(&mut self) -> Option<(Bytes, f64)> {
        self.remove_at(0)
    }

    /// Removes the member with the highest score and returns it.
    pub fn pop_max(&mut self) -> Option<(Bytes, f64)> {
        self.remove_at(self.len().checked_sub(1)?)
    }

    /// A uniformly chosen member with its score.
    pub fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<(&[u8], f64)> {
        self.get(random_below(self.len(), rng)?)
    }

    /// `count` different members in random order; all of them if there are not more.
    pub fn random_distinct(&self, count: usize, rng: &mut dyn FnMut() -> u64) -> Vec<(&[u8], f64)> {
        random_distinct(self.len(), count, rng)
            .into_iter()
            .filter_map(|rank| self.get(rank))
            .collect()
    }

    /// Visits about `count` members from `cursor` on (0 starts) and returns the next cursor (0: done). A small set is
    /// visited in one call. A member that is there during the whole scan is visited at least once.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&[u8], f64)) -> u64 {
        self.table.scan(cursor, count, &mut |entry| {
            visit(&entry.member, entry.score)
        })
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        if self.big {
            Encoding::Skiplist
        } else {
            Encoding::Listpack
        }
    }

    /// Heap bytes the set owns, not counting this struct.
    pub fn heap_size(&self) -> usize {
        self.table.heap_size() + self.order.capacity() * 4
    }

    fn partition_point(&self, mut before: impl FnMut(&[u8], f64) -> bool) -> usize {
        self.order.partition_point(|&position| {
            let entry = self.table.at(position as usize);
            before(&entry.member, entry.score)
        })
    }

    fn lower_bound(&self, score: f64, member: &[u8]) -> usize {
        self.partition_point(|other_member, other_score| {
            other_score
                .partial_cmp(&score)
                .unwrap_or(Ordering::Equal)
                .then_with(|| other_member.cmp(member))
                == Ordering::Less
        })
    }

    fn remove_at(&mut self, rank: usize) -> Option<(Bytes, f64)> {
        if rank >= self.len() {
            return None;
        }
        let last = self.table.len() - 1;
        let moved = self.table.at(last);
        let moved_rank = self.lower_bound(moved.score, &moved.member.clone());
        let position = self.order[rank];
        self.order[moved_rank] = position;
        self.order.remove(rank);
        let entry = self.table.remove_at(position as usize);
        Some((entry.member, entry.score))
    }
}

impl Default for SortedSet {
    fn default() -> Self {
        Self::new()
    }
}
