//! Sorted sets: members ordered by score, then by bytes.
//!
//! Ranges by score and by member are turned into ranges of ranks first ([`SortedSet::score_range`],
//! [`SortedSet::lex_range`]); counting, reading in either direction, limiting and removing then
//! work on ranks.
//!
//! A small set is one packed block in order (`listpack`). One that outgrows [`Limits`] becomes
//! (`skiplist`, by the name clients know) a hash table of members with their scores and a counted
//! B+tree of scores with the members' positions in that table. A member's bytes are stored once.

mod iter;
mod listpack;
mod range;
#[cfg(test)]
mod tests;
mod tree;
mod undo;

use std::cmp::Ordering;
use std::ops::Range;

use crate::packed::{self, Packed};
use crate::random::{random_below, random_distinct};
use crate::table::{Entry, Table};
use crate::{Bytes, Encoding, Likely, Limits};
pub use iter::Iter;
pub use range::{LexBound, LexRange, ScoreBound, ScoreRange};
use tree::{Scored, Tree};
pub use undo::Undo;

/// The value of a sorted set key.
#[derive(Clone, Debug)]
pub struct SortedSet(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Listpack(Packed),
    Skiplist(Box<Skiplist>),
}

#[derive(Clone, Debug)]
struct Skiplist {
    members: Table<Member>,
    order: Tree,
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

/// The order of members: by score, then by bytes. Negative and positive zero are the same score.
#[inline]
fn compare(score: f64, member: &[u8], other_score: f64, other_member: &[u8]) -> Ordering {
    match score.partial_cmp(&other_score) {
        Some(Ordering::Equal) | None => member.cmp(other_member),
        Some(order) => order,
    }
}

impl SortedSet {
    /// An empty sorted set.
    pub fn new() -> Self {
        Self(Repr::Listpack(Packed::new()))
    }

    /// Number of members.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Listpack(packed) => packed.len(),
            Repr::Skiplist(skiplist) => skiplist.members.len(),
        }
    }

    /// Whether there is no member; such a set must not stay in the keyspace.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// See [`Value::likely`](crate::Value::likely).
    pub(crate) fn likely(&self, member: &[u8]) -> Option<Likely<'_>> {
        match &self.0 {
            Repr::Listpack(_) => None,
            Repr::Skiplist(skiplist) => skiplist.members.likely(member),
        }
    }

    /// The score of a member.
    #[inline]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.0 {
            Repr::Listpack(packed) => listpack::find(packed, member).map(|(_, _, score)| score),
            Repr::Skiplist(skiplist) => skiplist.members.get(member).map(|entry| entry.score),
        }
    }

    /// Adds a member or changes its score; returns the score it had. `score` must not be NaN.
    pub fn insert(&mut self, member: &[u8], score: f64, limits: &Limits) -> Option<f64> {
        if let Repr::Listpack(packed) = &mut self.0 {
            if let Some((offset, _, old)) = listpack::find(packed, member) {
                if old != score {
                    packed.remove(offset);
                    listpack::insert(packed, member, score);
                }
                return Some(old);
            }
            if packed.len() < limits.zset_max_listpack_entries
                && member.len() <= limits.zset_max_listpack_value
                && packed.size() + member.len() < packed::SIZE_MAX
            {
                listpack::insert(packed, member, score);
                return None;
            }
        }
        self.make_skiplist().insert(member, score)
    }

    /// Removes a member and returns its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Repr::Listpack(packed) => {
                let (offset, _, score) = listpack::find(packed, member)?;
                packed.remove(offset);
                Some(score)
            }
            Repr::Skiplist(skiplist) => {
                let position = skiplist.members.position(member)?;
                let rank = skiplist.rank_of(position);
                Some(skiplist.remove_at(rank).score)
            }
        }
    }

    /// The rank of a member, counted from the lowest score, with its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.0 {
            Repr::Listpack(packed) => {
                listpack::find(packed, member).map(|(_, rank, score)| (rank, score))
            }
            Repr::Skiplist(skiplist) => {
                let position = skiplist.members.position(member)?;
                Some((
                    skiplist.rank_of(position),
                    skiplist.members.at(position).score,
                ))
            }
        }
    }

    /// The member at a rank with its score.
    pub fn get(&self, rank: usize) -> Option<(&[u8], f64)> {
        self.range(rank..rank.saturating_add(1)).next()
    }

    /// The ranks of the members whose scores lie in `range`.
    pub fn score_range(&self, range: &ScoreRange) -> Range<usize> {
        let start = self.partition_point_by_score(|score| range.is_below(score));
        let end = self.partition_point_by_score(|score| !range.is_above(score));
        start..end.max(start)
    }

    /// The ranks of the members that lie in `range`, if all members have the same score; else some
    /// range.
    pub fn lex_range(&self, range: &LexRange<'_>) -> Range<usize> {
        let start = self.partition_point(|member| range.is_below(member));
        let end = self.partition_point(|member| !range.is_above(member));
        start..end.max(start)
    }

    /// All members with their scores from the lowest.
    pub fn iter(&self) -> Iter<'_> {
        self.range(0..self.len())
    }

    /// The members with ranks in `ranks`, cut to the set's size.
    pub fn range(&self, ranks: Range<usize>) -> Iter<'_> {
        let Range { start, end } = self.cut(ranks);
        match &self.0 {
            Repr::Listpack(packed) => Iter::listpack(packed.iter_between(
                packed.offset_of(start),
                packed.offset_of(end),
                end - start,
            )),
            Repr::Skiplist(skiplist) => {
                Iter::skiplist(&skiplist.order, &skiplist.members, start, end)
            }
        }
    }

    /// Removes the members with ranks in `ranks`, cut to the set's size, and returns them in order.
    pub fn remove_range(&mut self, ranks: Range<usize>) -> Vec<(Bytes, f64)> {
        let Range { start, end } = self.cut(ranks);
        match &mut self.0 {
            Repr::Listpack(packed) => {
                let (from, to) = (packed.offset_of(start), packed.offset_of(end));
                let removed = packed
                    .iter_between(from, to, end - start)
                    .map(listpack::split)
                    .map(|(member, score)| (Bytes::from(member), score))
                    .collect();
                packed.remove_range(from, to, end - start);
                removed
            }
            Repr::Skiplist(skiplist) => (start..end)
                .map(|_| {
                    let entry = skiplist.remove_at(start);
                    (entry.member, entry.score)
                })
                .collect(),
        }
    }

    /// Removes the member with the lowest score and returns it.
    pub fn pop_min(&mut self) -> Option<(Bytes, f64)> {
        self.remove_range(0..1).pop()
    }

    /// Removes the member with the highest score and returns it.
    pub fn pop_max(&mut self) -> Option<(Bytes, f64)> {
        let last = self.len().checked_sub(1)?;
        self.remove_range(last..last + 1).pop()
    }

    /// A uniformly chosen member with its score.
    pub fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<(&[u8], f64)> {
        let position = random_below(self.len(), rng)?;
        match &self.0 {
            Repr::Listpack(_) => self.get(position),
            Repr::Skiplist(skiplist) => Some(skiplist.members.at(position).pair()),
        }
    }

    /// `count` different members in random order; all of them if there are not more.
    pub fn random_distinct(&self, count: usize, rng: &mut dyn FnMut() -> u64) -> Vec<(&[u8], f64)> {
        let positions = random_distinct(self.len(), count, rng);
        match &self.0 {
            Repr::Listpack(packed) => {
                let members: Vec<_> = packed.iter().map(listpack::split).collect();
                positions
                    .into_iter()
                    .map(|position| members[position])
                    .collect()
            }
            Repr::Skiplist(skiplist) => positions
                .into_iter()
                .map(|position| skiplist.members.at(position).pair())
                .collect(),
        }
    }

    /// Visits about `count` members from `cursor` on (0 starts) and returns the next cursor (0:
    /// done). A listpack is visited in one call. A member that is there during the whole scan is
    /// visited at least once.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(&[u8], f64)) -> u64 {
        match &self.0 {
            Repr::Listpack(packed) => {
                for (member, score) in packed.iter().map(listpack::split) {
                    visit(member, score);
                }
                0
            }
            Repr::Skiplist(skiplist) => skiplist.members.scan(cursor, count, &mut |entry| {
                visit(&entry.member, entry.score)
            }),
        }
    }

    /// The internal form.
    pub fn encoding(&self) -> Encoding {
        match &self.0 {
            Repr::Listpack(_) => Encoding::Listpack,
            Repr::Skiplist(_) => Encoding::Skiplist,
        }
    }

    /// Heap bytes the set owns, not counting this struct.
    pub fn heap_size(&self) -> usize {
        match &self.0 {
            Repr::Listpack(packed) => packed.heap_size(),
            Repr::Skiplist(skiplist) => {
                size_of::<Skiplist>() + skiplist.members.heap_size() + skiplist.order.heap_size()
            }
        }
    }

    fn cut(&self, ranks: Range<usize>) -> Range<usize> {
        let end = ranks.end.min(self.len());
        ranks.start.min(end)..end
    }

    fn partition_point(&self, mut is_before: impl FnMut(&[u8]) -> bool) -> usize {
        match &self.0 {
            Repr::Listpack(packed) => {
                listpack::partition_point(packed, |member, _| is_before(member))
            }
            Repr::Skiplist(skiplist) => skiplist.order.partition_point(|entry| {
                is_before(&skiplist.members.at(entry.handle as usize).member)
            }),
        }
    }

    /// Like [`partition_point`](Self::partition_point), but reads no member.
    fn partition_point_by_score(&self, mut is_before: impl FnMut(f64) -> bool) -> usize {
        match &self.0 {
            Repr::Listpack(packed) => {
                listpack::partition_point(packed, |_, score| is_before(score))
            }
            Repr::Skiplist(skiplist) => skiplist
                .order
                .partition_point(|entry| is_before(entry.score)),
        }
    }

    fn make_skiplist(&mut self) -> &mut Skiplist {
        if let Repr::Listpack(packed) = &self.0 {
            let mut skiplist = Skiplist {
                members: Table::new(),
                order: Tree::new(),
            };
            for (member, score) in packed.iter().map(listpack::split) {
                skiplist.insert(member, score);
            }
            self.0 = Repr::Skiplist(Box::new(skiplist));
        }
        match &mut self.0 {
            Repr::Skiplist(skiplist) => skiplist,
            Repr::Listpack(_) => unreachable!("the set has just been made a skiplist"),
        }
    }
}

impl Skiplist {
    fn insert(&mut self, member: &[u8], score: f64) -> Option<f64> {
        let Some(position) = self.members.position(member) else {
            let rank = self.rank_for(score, member);
            let entry = Member {
                member: Bytes::from(member),
                score,
            };
            let handle = self.members.insert_new(entry) as u32;
            self.order.insert(rank, Scored { score, handle });
            return None;
        };
        let old = self.members.at(position).score;
        if old != score {
            let entry = Scored {
                score,
                handle: position as u32,
            };
            let from = self.rank_of(position);
            // The rank it would get while it still is in the tree.
            let to = self.rank_for(score, member);
            if to == from || to == from + 1 {
                self.order.replace(from, entry);
            } else {
                self.order.remove(from);
                self.order
                    .insert(if to > from { to - 1 } else { to }, entry);
            }
            self.members.update(position, |entry| entry.score = score);
        }
        Some(old)
    }

    fn remove_at(&mut self, rank: usize) -> Member {
        let last = self.members.len() - 1;
        let position = self.order.get(rank).handle as usize;
        if position != last {
            // The table moves its last entry into the place that gets free.
            let moved_rank = self.rank_of(last);
            let score = self.members.at(last).score;
            self.order.replace(
                moved_rank,
                Scored {
                    score,
                    handle: position as u32,
                },
            );
        }
        self.order.remove(rank);
        self.members.remove_at(position)
    }

    /// The rank a member has or would get at `score`.
    fn rank_for(&self, score: f64, member: &[u8]) -> usize {
        self.order.partition_point(|entry| {
            entry.score < score
                || (entry.score == score
                    && *self.members.at(entry.handle as usize).member < *member)
        })
    }

    /// The rank of the member at a position of the table.
    fn rank_of(&self, position: usize) -> usize {
        let entry = self.members.at(position);
        self.rank_for(entry.score, &entry.member)
    }
}

impl Member {
    fn pair(&self) -> (&[u8], f64) {
        (&self.member, self.score)
    }
}

impl Default for SortedSet {
    fn default() -> Self {
        Self::new()
    }
}

/// Two sorted sets are equal if they have the same members with the same scores, whatever their
/// encodings.
impl PartialEq for SortedSet {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}
