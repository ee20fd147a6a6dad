use std::collections::BTreeMap;

use resp::Value;

use crate::testing::Kit;
use crate::testing::transcript::replay;

#[test]
fn fields_answer_as_recorded() {
    replay("src/hash/fields.transcript");
}

#[test]
fn counters_answer_as_recorded() {
    replay("src/hash/counter.transcript");
}

#[test]
fn scans_and_choices_answer_as_recorded() {
    replay("src/hash/scan.transcript");
}

/// The elements of an answered array of strings.
fn elements(kit: &mut Kit, line: &str) -> Vec<String> {
    let args = crate::testing::split(line);
    let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
    let reply = kit.call(&args);
    let (value, _) = resp::read_value(&reply)
        .expect("a well-formed reply")
        .expect("a whole reply");
    let Value::Array(values) = value else {
        panic!("{line} answers an array");
    };
    values.iter().flat_map(texts).collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Bulk(bytes) => vec![String::from_utf8_lossy(bytes).into_owned()],
        other => panic!("{other:?} is no string"),
    }
}

fn hash_of(fields: usize) -> Kit {
    let mut kit = Kit::new();
    for number in 0..fields {
        kit.run(&format!("HSET h field:{number} {number}"));
    }
    kit
}

#[test]
fn a_scan_finds_every_field_once() {
    for fields in [20, 1000] {
        let mut kit = hash_of(fields);
        let mut cursor = "0".to_owned();
        let mut seen = BTreeMap::new();
        loop {
            let found = elements(&mut kit, &format!("HSCAN h {cursor} COUNT 17"));
            for pair in found[1..].chunks(2) {
                let again = seen.insert(pair[0].clone(), pair[1].clone());
                assert_eq!(again, None);
            }
            cursor.clone_from(&found[0]);
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), fields);
        assert!(
            seen.iter()
                .all(|(field, value)| *field == format!("field:{value}"))
        );
    }
}

#[test]
fn fields_are_chosen_from_the_hash() {
    for fields in [20, 1000] {
        let mut kit = hash_of(fields);
        for count in [1, 5, 19, 20, 500, 999, 1000, 2000] {
            let chosen = elements(&mut kit, &format!("HRANDFIELD h {count} WITHVALUES"));
            let chosen: BTreeMap<_, _> =
                chosen.chunks(2).map(|pair| (&pair[0], &pair[1])).collect();
            assert_eq!(chosen.len(), count.min(fields));
            assert!(
                chosen
                    .iter()
                    .all(|(field, value)| **field == format!("field:{value}"))
            );
        }
        let chosen = elements(&mut kit, &format!("HRANDFIELD h -{}", 20 * fields));
        assert_eq!(chosen.len(), 20 * fields);
        let different: std::collections::BTreeSet<_> = chosen.iter().collect();
        assert!(different.len() > fields * 9 / 10);
        let one = kit.run("HRANDFIELD h");
        assert!(one.contains("field:"), "{one}");
    }
}

#[test]
fn look_ups_for_reading_are_counted() {
    let mut kit = Kit::new();
    kit.run("HSET h a 1 b 2");
    for (command, hits, misses) in [
        ("HGET h a", 1, 0),
        ("HGET none a", 0, 1),
        ("HMGET h a b c", 1, 0),
        ("HGETALL h", 1, 0),
        ("HLEN none", 0, 1),
        ("HSTRLEN h a", 1, 0),
        ("HEXISTS h x", 1, 0),
        ("HRANDFIELD h", 1, 0),
        ("HRANDFIELD none 1", 0, 1),
        ("HSCAN h 0", 1, 0),
        ("HSET h a 1", 0, 0),
        ("HSETNX h a 1", 0, 0),
        ("HINCRBY h a 1", 0, 0),
        ("HINCRBYFLOAT h a 1", 0, 0),
        ("HDEL h a b", 0, 0),
    ] {
        kit.run(command);
        let counted = (kit.changes.hits, kit.changes.misses);
        assert_eq!(counted, (hits, misses), "{command}");
    }
}
