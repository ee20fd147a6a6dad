//! The table against a standard map, and the scan's guarantee.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::Bytes;
use proptest::prelude::*;

fn number(key: u32) -> Bytes {
    Bytes::from(format!("key:{key}").as_str())
}

fn check(table: &Table<Bytes>, model: &HashMap<u32, ()>) {
    assert_eq!(table.len(), model.len());
    assert_eq!(table.iter().len(), model.len());
    for key in model.keys() {
        assert_eq!(table.get(&number(*key)), Some(&number(*key)));
    }
    let keys: HashSet<&Bytes> = table.iter().collect();
    assert_eq!(keys.len(), model.len());
}

#[test]
fn grows_over_many_tables_and_shrinks_back() {
    let mut table = Table::new();
    let mut model = HashMap::new();
    for key in 0..20_000 {
        table.insert_new(number(key));
        model.insert(key, ());
        if key % 3_000 == 0 {
            check(&table, &model);
        }
    }
    check(&table, &model);
    let full = table.heap_size();
    for key in (0..20_000).rev().filter(|key| key % 100 != 7) {
        assert_eq!(table.remove(&number(key)), Some(number(key)));
        model.remove(&key);
        if key % 3_000 == 0 {
            check(&table, &model);
        }
    }
    check(&table, &model);
    assert!(
        table.heap_size() < full / 20,
        "{} of {full}",
        table.heap_size()
    );
    assert_eq!(table.get(b"key:0"), None);
}

proptest! {
    #[test]
    fn a_scan_visits_all_that_stay(
        initial in prop::collection::hash_set(0u32..3_000, 0..3_000),
        changes in prop::collection::vec((0u32..3_000, any::<bool>()), 0..300),
        per_call in 1usize..100,
    ) {
        let mut table = Table::new();
        for &key in &initial {
            table.insert_new(number(key));
        }
        let mut staying = initial.clone();
        let mut seen = HashSet::new();
        let mut cursor = 0;
        let mut changes = changes.chunks(7);
        loop {
            cursor = table.scan(cursor, per_call, &mut |key| {
                seen.insert(key.clone());
            });
            if cursor == 0 {
                break;
            }
            for &(key, add) in changes.next().unwrap_or_default() {
                match (table.position(&number(key)), add) {
                    (None, true) => {
                        table.insert_new(number(key));
                    }
                    (Some(position), false) => {
                        table.remove_at(position);
                        staying.remove(&key);
                    }
                    _ => {}
                }
            }
        }
        for key in staying {
            prop_assert!(seen.contains(&number(key)));
        }
    }
}
