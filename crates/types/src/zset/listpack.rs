//! A small sorted set: members in one packed block, in order.
//!
//! An entry is the score, 8 bytes, and the member.

use std::cmp::Ordering;

use super::compare;
use crate::packed::Packed;

/// Bytes a score takes.
const SCORE: usize = size_of::<f64>();

/// Splits an entry into member and score.
#[inline]
pub(super) fn split(payload: &[u8]) -> (&[u8], f64) {
    match payload.split_first_chunk() {
        Some((score, member)) => (member, f64::from_le_bytes(*score)),
        None => (payload, 0.0),
    }
}

/// Where a member's entry is: offset, rank, and score.
pub(super) fn find(packed: &Packed, member: &[u8]) -> Option<(usize, usize, f64)> {
    let mut offset = packed.start();
    let mut rank = 0;
    // Most entries differ in length or in the last byte; only the others are compared as a whole.
    let length = SCORE + member.len();
    let last = member.last();
    while offset < packed.end() {
        let (payload, next) = packed.read(offset);
        if payload.len() == length && (last.is_none() || payload.last() == last) {
            let (other, score) = split(payload);
            if other == member {
                return Some((offset, rank, score));
            }
        }
        offset = next;
        rank += 1;
    }
    None
}

/// Inserts a member that is not there yet where it belongs. Scores are whole or not, but never a
/// negative zero: Redis keeps whole scores of small sets as integers.
pub(super) fn insert(packed: &mut Packed, member: &[u8], score: f64) {
    let score = if score == 0.0 { 0.0 } else { score };
    let mut offset = packed.end();
    // From the back: sets are mostly filled in ascending order.
    while offset > packed.start() {
        let before = packed.before(offset);
        let (other_member, other_score) = split(packed.read(before).0);
        if compare(other_score, other_member, score, member) == Ordering::Less {
            break;
        }
        offset = before;
    }
    packed.insert(offset, &[&score.to_le_bytes(), member]);
}

/// The number of entries for which `is_before` holds; it must hold for none behind one it does not
/// hold for.
pub(super) fn partition_point(
    packed: &Packed,
    mut is_before: impl FnMut(&[u8], f64) -> bool,
) -> usize {
    packed
        .iter()
        .map(split)
        .take_while(|&(member, score)| is_before(member, score))
        .count()
}
