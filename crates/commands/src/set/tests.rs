use std::collections::BTreeSet;

use crate::testing::Kit;
use crate::testing::transcript::replay;

#[test]
fn members_answer_as_recorded() {
    replay("src/set/members.transcript");
}

#[test]
fn combinations_answer_as_recorded() {
    replay("src/set/combine.transcript");
}

#[test]
fn samples_and_scans_answer_as_recorded() {
    replay("src/set/random.transcript");
}

/// The elements of a flat array reply of one-line strings.
fn elements(reply: &str) -> Vec<String> {
    reply
        .lines()
        .skip(2)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn samples_without_repeats_are_distinct_members() {
    let mut kit = Kit::new();
    for number in 0..100 {
        kit.run(&format!("SADD s m{number}"));
    }
    for count in [1, 10, 60, 99] {
        let sample = elements(&kit.run(&format!("SRANDMEMBER s {count}")));
        assert_eq!(sample.len(), count);
        assert_eq!(sample.iter().collect::<BTreeSet<_>>().len(), count);
    }
    assert_eq!(elements(&kit.run("SRANDMEMBER s -500")).len(), 500);
    assert!(
        kit.run("SRANDMEMBER s -9223372036854775807")
            .starts_with("-ERR")
    );
}

#[test]
fn pops_take_each_member_once() {
    let mut kit = Kit::new();
    for number in 0..100 {
        kit.run(&format!("SADD s {number}"));
    }
    let mut seen = BTreeSet::new();
    for count in [1, 7, 40, 52] {
        for member in elements(&kit.run(&format!("SPOP s {count}"))) {
            assert!(seen.insert(member));
        }
        assert_eq!(kit.changes.dirty, count);
    }
    assert_eq!(seen.len(), 100);
    assert_eq!(kit.run("EXISTS s"), ":0\r\n");
}

#[test]
fn a_scan_finds_every_member_once() {
    let mut kit = Kit::new();
    for number in 0..1000 {
        kit.run(&format!("SADD s m{number}"));
    }
    let (mut cursor, mut seen) = ("0".to_owned(), BTreeSet::new());
    loop {
        let reply = kit.run(&format!("SSCAN s {cursor} COUNT 17"));
        cursor = reply.lines().nth(2).expect("a cursor").to_owned();
        for member in reply.lines().filter(|line| line.starts_with('m')) {
            assert!(seen.insert(member.to_owned()));
        }
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 1000);
}
