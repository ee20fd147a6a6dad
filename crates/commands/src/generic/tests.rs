use crate::testing::Kit;
use crate::testing::transcript::replay;

#[test]
fn keys_answer_as_recorded() {
    replay("src/generic/keys.transcript");
}

#[test]
fn expiry_answers_as_recorded() {
    replay("src/generic/expire.transcript");
}

#[test]
fn events_of_new_and_missing_keys_are_as_recorded() {
    replay("src/generic/events.transcript");
}

#[test]
fn databases_answer_as_recorded() {
    replay("src/generic/database.transcript");
}

#[test]
fn a_scan_finds_every_key_once() {
    let mut kit = Kit::new();
    for number in 0..1000 {
        kit.run(&format!("SET key:{number} {number}"));
    }
    let mut cursor = "0".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let reply = kit.run(&format!("SCAN {cursor} COUNT 17 MATCH key:*"));
        let mut lines = reply.lines().skip(2).map(str::to_owned);
        cursor = lines.next().expect("a cursor");
        for key in lines.filter(|line| line.starts_with("key:")) {
            assert!(seen.insert(key));
        }
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 1000);
}

#[test]
fn a_random_key_is_a_key() {
    let mut kit = Kit::new();
    assert_eq!(kit.run("RANDOMKEY"), "$-1\r\n");
    kit.run("MSET a 1 b 2 c 3");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..100 {
        seen.insert(kit.run("RANDOMKEY"));
    }
    let all = ["$1\r\na\r\n", "$1\r\nb\r\n", "$1\r\nc\r\n"];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn idle_time_and_frequency_follow_the_clock() {
    let mut kit = Kit::new();
    kit.run("SET k v");
    kit.now_ms += 12_345;
    assert_eq!(kit.run("OBJECT IDLETIME k"), ":12\r\n");
    kit.run("EXISTS k");
    assert_eq!(kit.run("OBJECT IDLETIME k"), ":12\r\n");
    kit.run("TOUCH k");
    assert_eq!(kit.run("OBJECT IDLETIME k"), ":0\r\n");
}

#[test]
fn look_ups_for_reading_are_counted() {
    let mut kit = Kit::new();
    kit.run("SET k v");
    for (command, hits, misses) in [
        ("EXISTS k n", 1, 1),
        ("TYPE n", 0, 1),
        ("TTL k", 1, 0),
        ("OBJECT ENCODING n", 0, 1),
        ("TOUCH k n", 1, 1),
        ("EXPIRE k 100", 0, 0),
        ("PERSIST n", 0, 0),
        ("COPY k twin", 1, 0),
        ("RENAME twin other", 0, 0),
        ("SET k v GET", 1, 0),
        ("SET k v NX", 0, 0),
        ("GETDEL n", 0, 1),
        ("LCS k n", 1, 1),
        ("APPEND k v", 0, 0),
        ("DEL k n", 0, 0),
    ] {
        kit.run(command);
        assert_eq!(
            (kit.changes.hits, kit.changes.misses),
            (hits, misses),
            "{command}"
        );
    }
}

#[test]
fn memory_usage_counts_key_and_value() {
    let mut kit = Kit::new();
    assert_eq!(kit.with_unit(|unit| unit.memory_usage(b"k")), None);
    kit.run("SET k v");
    assert_eq!(kit.with_unit(|unit| unit.memory_usage(b"k")), Some(51));
    kit.run("SETRANGE k 999 x");
    let bytes = kit.with_unit(|unit| unit.memory_usage(b"k"));
    assert!((1051..2200).contains(&bytes.expect("the key is there")));
}
