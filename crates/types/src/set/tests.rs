//! Sets against a standard set, across encodings.

use std::collections::{BTreeSet, HashSet};

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    set_max_intset_entries: 8,
    ..Limits::DEFAULT
};

#[test]
fn leaves_the_intset_by_count_and_by_content_as_redis_does() {
    let mut set = Set::new();
    for member in 0..8 {
        assert!(set.add(&Text::from(member), &LIMITS));
    }
    assert!(!set.add(b"3", &LIMITS));
    assert_eq!(set.encoding(), Encoding::Intset);
    assert!(set.add(b"8", &LIMITS));
    assert_eq!(set.encoding(), Encoding::Hashtable);
    assert!(set.remove(b"8"));
    assert_eq!(set.encoding(), Encoding::Hashtable);

    let mut set = Set::new();
    set.add(b"1", &LIMITS);
    assert!(!set.contains(b"01"));
    assert!(set.add(b"01", &LIMITS));
    assert_eq!(set.encoding(), Encoding::Hashtable);
    assert!(set.contains(b"1"));
}

#[test]
fn an_intset_widens_in_place_and_stays_sorted() {
    let mut set = Set::new();
    let members = [5, -5, 40_000, -3_000_000_000, i64::MAX, i64::MIN, 0, 70_000];
    for member in members {
        assert!(set.add(&Text::from(member), &LIMITS));
    }
    let mut sorted = members;
    sorted.sort_unstable();
    assert_eq!(set.encoding(), Encoding::Intset);
    assert!(
        set.iter()
            .eq(sorted.iter().map(|&member| Text::from(member)))
    );
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        20 => (-20i64..20).prop_map(|integer| integer.to_string().into_bytes()),
        3 => prop_oneof![Just(i64::MIN), Just(1 << 40), Just(100_000), Just(-40_000)]
            .prop_map(|integer| integer.to_string().into_bytes()),
        3 => prop::collection::vec(b'a'..=b'c', 0..4),
        1 => prop::collection::vec(any::<u8>(), 0..80),
    ]
}

proptest! {
    #[test]
    fn behaves_like_a_set(
        ops in prop::collection::vec((member(), 0u8..8), 0..200),
        entries_max in 0usize..30,
        seed in any::<u64>(),
    ) {
        let limits = Limits { set_max_intset_entries: entries_max, ..Limits::DEFAULT };
        let mut state = seed;
        let mut rng = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            state
        };
        let mut set = Set::new();
        let mut model: BTreeSet<Vec<u8>> = BTreeSet::new();
        for (member, op) in ops {
            match op {
                0..4 => prop_assert_eq!(set.add(&member, &limits), model.insert(member.clone())),
                4..6 => prop_assert_eq!(set.remove(&member), model.remove(&member)),
                6 => match set.pop(&mut rng) {
                    Some(popped) => prop_assert!(model.remove(&*popped)),
                    None => prop_assert!(model.is_empty()),
                },
                _ => {
                    let count = member.len() * 3;
                    let chosen: HashSet<_> = set
                        .random_distinct(count, &mut rng)
                        .iter()
                        .map(|member| member.to_vec())
                        .collect();
                    prop_assert_eq!(chosen.len(), count.min(model.len()));
                    prop_assert!(chosen.iter().all(|member| model.contains(member)));
                }
            }
            prop_assert_eq!(set.contains(&member), model.contains(&member));
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.iter().len(), model.len());
            let all: BTreeSet<_> = set.iter().map(|member| member.to_vec()).collect();
            prop_assert_eq!(&all, &model);
            prop_assert_eq!(&set.clone(), &set);
        }
    }
}
