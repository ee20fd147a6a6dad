//! Sorted sets against a sorted vector, across encodings.

use std::collections::{BTreeMap, HashSet};

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    zset_max_listpack_entries: 4,
    zset_max_listpack_value: 8,
    ..Limits::DEFAULT
};

#[test]
fn leaves_the_listpack_by_count_and_by_size_as_redis_does() {
    let mut zset = SortedSet::new();
    for member in 0..4u8 {
        assert_eq!(zset.insert(&[member], 1.0, &LIMITS), None);
    }
    assert_eq!(zset.insert(&[3], 2.0, &LIMITS), Some(1.0));
    assert_eq!(zset.encoding(), Encoding::Listpack);
    zset.insert(&[4], 0.0, &LIMITS);
    assert_eq!(zset.encoding(), Encoding::Skiplist);
    assert!(zset.iter().map(|(member, _)| member[0]).eq([4, 0, 1, 2, 3]));
    zset.remove(&[4]);
    assert_eq!(zset.encoding(), Encoding::Skiplist);

    let mut zset = SortedSet::new();
    zset.insert(b"12345678", 1.0, &LIMITS);
    assert_eq!(zset.encoding(), Encoding::Listpack);
    zset.insert(b"123456789", 1.0, &LIMITS);
    assert_eq!(zset.encoding(), Encoding::Skiplist);
}

#[test]
fn only_a_skiplist_keeps_a_negative_zero() {
    let mut zset = SortedSet::new();
    zset.insert(b"a", -0.0, &LIMITS);
    assert!(zset.score(b"a").is_some_and(f64::is_sign_positive));
    zset.insert(b"long enough", -0.0, &LIMITS);
    assert!(
        zset.score(b"long enough")
            .is_some_and(f64::is_sign_negative)
    );
    assert!(zset.score(b"a").is_some_and(f64::is_sign_positive));
    assert_eq!(zset.rank(b"long enough").map(|(rank, _)| rank), Some(1));
}

#[derive(Clone, Debug)]
enum Op {
    Insert(Vec<u8>, f64),
    Remove(Vec<u8>),
    RemoveRange(usize, usize),
    Pop(bool),
    ScoreRange(ScoreBound, ScoreBound),
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => (-5i32..5).prop_map(f64::from),
        2 => any::<f64>().prop_filter("no NaN", |score| !score.is_nan()),
        1 => prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0)],
    ]
}

fn bound() -> impl Strategy<Value = ScoreBound> {
    prop_oneof![
        score().prop_map(ScoreBound::Inclusive),
        score().prop_map(ScoreBound::Exclusive),
    ]
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        10 => (0u32..300).prop_map(|number| number.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        24 => (member(), score()).prop_map(|(member, score)| Op::Insert(member, score)),
        6 => member().prop_map(Op::Remove),
        1 => (any::<usize>(), 0usize..6).prop_map(|(start, count)| Op::RemoveRange(start, count)),
        1 => any::<bool>().prop_map(Op::Pop),
        2 => (bound(), bound()).prop_map(|(min, max)| Op::ScoreRange(min, max)),
    ]
}

/// The members in order.
fn sorted(model: &BTreeMap<Vec<u8>, f64>) -> Vec<(&[u8], f64)> {
    let mut members: Vec<_> = model
        .iter()
        .map(|(member, score)| (&**member, *score))
        .collect();
    members.sort_by(|a, b| compare(a.1, a.0, b.1, b.0));
    members
}

fn owned(members: &[(&[u8], f64)]) -> Vec<(Bytes, f64)> {
    members
        .iter()
        .map(|(member, score)| (Bytes::from(*member), *score))
        .collect()
}

proptest! {
    #[test]
    fn behaves_like_a_sorted_vector(
        ops in prop::collection::vec(op(), 0..400),
        entries_max in prop_oneof![Just(0usize), Just(10), Just(1_000)],
        seed in any::<u64>(),
    ) {
        let limits = Limits {
            zset_max_listpack_entries: entries_max,
            zset_max_listpack_value: 30,
            ..Limits::DEFAULT
        };
        let mut zset = SortedSet::new();
        let mut model: BTreeMap<Vec<u8>, f64> = BTreeMap::new();
        for op in &ops {
            let members = sorted(&model);
            let gone: Vec<(Bytes, f64)> = match op {
                Op::Insert(member, score) => {
                    let old = zset.insert(member, *score, &limits);
                    prop_assert_eq!(old, model.insert(member.clone(), *score));
                    continue;
                }
                Op::Remove(member) => {
                    prop_assert_eq!(zset.remove(member), model.remove(member));
                    continue;
                }
                Op::RemoveRange(start, count) => {
                    let start = start % (members.len() + 1);
                    let end = start + count;
                    let removed = zset.remove_range(start..end);
                    prop_assert_eq!(&removed, &owned(&members[start..end.min(members.len())]));
                    removed
                }
                Op::Pop(min) => {
                    let popped = if *min { zset.pop_min() } else { zset.pop_max() };
                    let expected = if *min { members.first() } else { members.last() }.copied();
                    let popped: Vec<_> = popped.into_iter().collect();
                    prop_assert_eq!(&popped, &owned(expected.as_slice()));
                    popped
                }
                Op::ScoreRange(min, max) => {
                    let range = ScoreRange { min: *min, max: *max };
                    let expected: Vec<_> = members
                        .into_iter()
                        .filter(|(_, score)| !range.is_below(*score) && !range.is_above(*score))
                        .collect();
                    let ranks = zset.score_range(&range);
                    prop_assert_eq!(ranks.len(), expected.len());
                    prop_assert!(zset.range(ranks.clone()).eq(expected.iter().copied()));
                    prop_assert!(zset.range(ranks).rev().eq(expected.iter().rev().copied()));
                    Vec::new()
                }
            };
            for (member, _) in gone {
                model.remove(&*member);
            }
        }
        let members = sorted(&model);
        prop_assert_eq!(zset.len(), members.len());
        prop_assert!(zset.iter().eq(members.iter().copied()));
        prop_assert!(zset.iter().rev().eq(members.iter().rev().copied()));
        for (rank, (member, score)) in members.iter().enumerate() {
            prop_assert_eq!(zset.rank(member), Some((rank, *score)));
            prop_assert_eq!(zset.get(rank), Some((*member, *score)));
        }
        prop_assert_eq!(zset.get(members.len()), None);
        let mut scanned = HashSet::new();
        let mut cursor = 0;
        loop {
            cursor = zset.scan(cursor, 7, &mut |member, _| {
                scanned.insert(member.to_vec());
            });
            if cursor == 0 {
                break;
            }
        }
        prop_assert_eq!(scanned.len(), members.len());
        let mut state = seed;
        let mut rng = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            state
        };
        let chosen = zset.random_distinct(9, &mut rng);
        prop_assert_eq!(chosen.len(), members.len().min(9));
        prop_assert!(chosen.iter().all(|(member, score)| zset.score(member) == Some(*score)));
    }

    #[test]
    fn lex_ranges_are_those_of_the_sorted_members(
        members in prop::collection::btree_set(prop::collection::vec(0u8..4, 0..4), 0..60),
        min in prop::collection::vec(0u8..4, 0..4),
        max in prop::collection::vec(0u8..4, 0..4),
        kinds in (0u8..4, 0u8..4),
        entries_max in prop_oneof![Just(0usize), Just(1_000)],
    ) {
        let limits = Limits { zset_max_listpack_entries: entries_max, ..Limits::DEFAULT };
        let bound = |kind, member| match kind {
            0 => LexBound::Min,
            1 => LexBound::Max,
            2 => LexBound::Inclusive(member),
            _ => LexBound::Exclusive(member),
        };
        let range = LexRange { min: bound(kinds.0, &min[..]), max: bound(kinds.1, &max[..]) };
        let mut zset = SortedSet::new();
        for member in &members {
            zset.insert(member, 0.0, &limits);
        }
        let is_inside = |member: &&Vec<u8>| !range.is_below(member) && !range.is_above(member);
        let expected = members.iter().filter(is_inside);
        let ranks = zset.lex_range(&range);
        prop_assert!(zset.range(ranks).map(|(member, _)| member).eq(expected.map(Vec::as_slice)));
    }
}
