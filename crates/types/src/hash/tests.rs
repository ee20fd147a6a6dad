//! Hashes against a standard map, across encodings.

use std::collections::HashMap;

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    hash_max_listpack_entries: 8,
    hash_max_listpack_value: 20,
    ..Limits::DEFAULT
};

#[test]
fn leaves_the_listpack_by_count_and_by_size_as_redis_does() {
    let mut hash = Hash::new();
    for field in 0..8u8 {
        assert_eq!(hash.set(&[field], b"v", &LIMITS), None);
    }
    assert_eq!(hash.set(&[3], b"w", &LIMITS), Some(Bytes::from(b"v")));
    assert_eq!(hash.encoding(), Encoding::Listpack);
    assert!(hash.iter().map(|(field, _)| field[0]).eq(0..8));
    hash.set(&[8], b"v", &LIMITS);
    assert_eq!(hash.encoding(), Encoding::Hashtable);
    assert_eq!(hash.remove(&[8]), Some(Bytes::from(b"v")));
    assert_eq!(hash.encoding(), Encoding::Hashtable);

    let mut hash = Hash::new();
    hash.set(b"f", &[b'v'; 20], &LIMITS);
    assert_eq!(hash.encoding(), Encoding::Listpack);
    assert_eq!(
        hash.set(b"f", &[b'v'; 21], &LIMITS),
        Some(Bytes::from(&[b'v'; 20]))
    );
    assert_eq!(hash.encoding(), Encoding::Hashtable);
}

#[test]
fn random_fields_are_fields_and_distinct() {
    let mut state = 1u64;
    let mut rng = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state
    };
    for size in [0u8, 1, 5, 30] {
        let mut hash = Hash::new();
        for field in 0..size {
            hash.set(&[field], &[field, 1], &LIMITS);
        }
        assert_eq!(hash.random(&mut rng).is_some(), size > 0);
        for count in 0..40 {
            let chosen: HashMap<_, _> = hash.random_distinct(count, &mut rng).into_iter().collect();
            assert_eq!(chosen.len(), count.min(usize::from(size)));
            assert!(
                chosen
                    .iter()
                    .all(|(field, value)| hash.get(field) == Some(value))
            );
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Set(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
}

fn op() -> impl Strategy<Value = Op> {
    let field = || {
        prop_oneof![
            5 => prop::collection::vec(0u8..3, 0..3),
            1 => prop::collection::vec(0u8..2, 130..132),
        ]
    };
    let value = prop_oneof![
        20 => prop::collection::vec(any::<u8>(), 0..20),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ];
    prop_oneof![
        3 => (field(), value).prop_map(|(field, value)| Op::Set(field, value)),
        1 => field().prop_map(Op::Remove),
    ]
}

proptest! {
    #[test]
    fn behaves_like_a_map(
        ops in prop::collection::vec(op(), 0..80),
        entries_max in 0usize..40,
        value_max in prop_oneof![Just(20), Just(1_000)],
    ) {
        let limits = Limits {
            hash_max_listpack_entries: entries_max,
            hash_max_listpack_value: value_max,
            ..Limits::DEFAULT
        };
        let mut hash = Hash::new();
        let mut model: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        for op in ops {
            match op {
                Op::Set(field, value) => {
                    let old = hash.set(&field, &value, &limits);
                    let expected = model.insert(field, value);
                    prop_assert_eq!(old.as_deref(), expected.as_deref());
                }
                Op::Remove(field) => {
                    let old = hash.remove(&field);
                    let expected = model.remove(&field);
                    prop_assert_eq!(old.as_deref(), expected.as_deref());
                }
            }
            prop_assert_eq!(hash.len(), model.len());
            prop_assert!(model.iter().all(|(field, value)| hash.get(field) == Some(value)));
            let mut scanned = HashMap::new();
            let mut cursor = 0;
            loop {
                cursor = hash.scan(cursor, 3, &mut |field, value| {
                    scanned.insert(field.to_vec(), value.to_vec());
                });
                if cursor == 0 {
                    break;
                }
            }
            prop_assert_eq!(&scanned, &model);
            prop_assert_eq!(hash.iter().len(), model.len());
            prop_assert_eq!(&hash.clone(), &hash);
        }
    }
}
