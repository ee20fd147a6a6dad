use crate::testing::Kit;
use crate::testing::transcript::replay;

#[test]
fn members_are_added_and_removed_as_recorded() {
    replay("src/zset/write.transcript");
}

#[test]
fn ranges_answer_as_recorded() {
    replay("src/zset/range.transcript");
}

#[test]
fn combinations_answer_as_recorded() {
    replay("src/zset/combine.transcript");
}

#[test]
fn pops_answer_as_recorded() {
    replay("src/zset/pop.transcript");
}

#[test]
fn samples_and_scans_answer_as_recorded() {
    replay("src/zset/scan.transcript");
}

#[test]
fn a_blocked_pop_looks_only_at_the_key_that_woke_it() {
    let mut kit = Kit::new();
    kit.may_block = true;
    assert_eq!(kit.run("BZPOPMIN a b 1.5"), "");
    let request = kit.blocked.clone().expect("there is nothing to pop");
    assert_eq!((request.keys, request.timeout_ms), (1..3, Some(1500)));
    assert_eq!(kit.run("BZMPOP 0 2 a b MAX COUNT 2"), "");
    let request = kit.blocked.clone().expect("there is nothing to pop");
    assert_eq!((request.keys, request.timeout_ms), (3..5, None));

    kit.run("ZADD a 1 m");
    kit.run("ZADD b 2 n 3 o");
    let again: [&[u8]; 4] = [b"BZPOPMIN", b"a", b"b", b"0"];
    let popped = kit.call_woken(&again, Some(b"b"));
    assert_eq!(popped, b"*3\r\n$1\r\nb\r\n$1\r\nn\r\n$1\r\n2\r\n");
    kit.run("SET b string");
    assert_eq!(kit.call_woken(&again, Some(b"b")), b"");
    assert!(kit.blocked.is_some());
}

#[test]
fn a_scan_finds_every_member_once() {
    let mut kit = Kit::new();
    for number in 0..1000 {
        kit.run(&format!("ZADD z {number} m{number}"));
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut cursor = "0".to_owned();
    loop {
        let reply = kit.run(&format!("ZSCAN z {cursor} COUNT 17 MATCH m*"));
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
