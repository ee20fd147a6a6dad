use crate::testing::Kit;
use crate::testing::transcript::replay;

#[test]
fn pushes_and_pops_answer_as_recorded() {
    replay("src/list/ends.transcript");
}

#[test]
fn elements_answer_as_recorded() {
    replay("src/list/elements.transcript");
}

#[test]
fn blocking_commands_answer_as_recorded() {
    replay("src/list/blocking.transcript");
}

fn woken(kit: &mut Kit, line: &str, key: &str) -> String {
    let args = crate::testing::split(line);
    let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
    let reply = kit.call_woken(&args, Some(key.as_bytes()));
    String::from_utf8_lossy(&reply).into_owned()
}

#[test]
fn a_caller_that_cannot_wait_is_refused() {
    let mut kit = Kit::new();
    assert_eq!(kit.run("BLPOP a b 0"), "*-1\r\n");
    assert_eq!(kit.run("BLMPOP 0 1 a LEFT"), "*-1\r\n");
    assert_eq!(kit.run("BLMOVE a b LEFT LEFT 0"), "$-1\r\n");
    assert_eq!(kit.run("BRPOPLPUSH a b 0"), "$-1\r\n");
}

#[test]
fn commands_wait_for_their_keys() {
    let mut kit = Kit::new();
    kit.may_block = true;
    for (line, keys, timeout_ms) in [
        ("BLPOP a b 0", 1..3, None),
        ("BRPOP a 1.5", 1..2, Some(1500)),
        ("BLPOP a 0.0001", 1..2, Some(1)),
        ("BLPOP a -0.0001", 1..2, None),
        ("BLMPOP 2 3 a b c LEFT COUNT 2", 3..6, Some(2000)),
        ("BLMOVE a b LEFT RIGHT 0", 1..2, None),
        ("BRPOPLPUSH a b 1", 1..2, Some(1000)),
    ] {
        assert_eq!(kit.run(line), "", "{line}");
        let request = kit.blocked.take().expect("the command waits");
        assert_eq!((request.keys, request.timeout_ms), (keys, timeout_ms));
    }
}

#[test]
fn a_woken_command_looks_at_the_one_key() {
    let mut kit = Kit::new();
    kit.may_block = true;
    kit.run("RPUSH a 1");
    kit.run("RPUSH b 2 3");
    assert_eq!(
        woken(&mut kit, "BLPOP a b 0", "b"),
        "*2\r\n$1\r\nb\r\n$1\r\n2\r\n"
    );
    assert_eq!(
        woken(&mut kit, "BLMPOP 0 2 a b LEFT COUNT 5", "b"),
        "*2\r\n$1\r\nb\r\n*1\r\n$1\r\n3\r\n"
    );
    assert_eq!(woken(&mut kit, "BLPOP a b 0", "b"), "");
    assert!(kit.blocked.is_some());
}

#[test]
fn a_woken_command_goes_on_waiting_if_the_key_is_no_list() {
    let mut kit = Kit::new();
    kit.may_block = true;
    kit.run("SET a string");
    for line in [
        "BLPOP a 0",
        "BLMPOP 0 1 a LEFT",
        "BLMOVE a b LEFT LEFT 0",
        "BRPOPLPUSH a b 0",
    ] {
        assert_eq!(woken(&mut kit, line, "a"), "", "{line}");
        assert!(kit.blocked.is_some(), "{line}");
    }
}

#[test]
fn a_destination_of_another_type_fails_a_woken_move() {
    let mut kit = Kit::new();
    kit.may_block = true;
    kit.run("SET b string");
    assert_eq!(kit.run("BLMOVE a b LEFT LEFT 0"), "");
    kit.run("RPUSH a 1");
    let reply = woken(&mut kit, "BLMOVE a b LEFT LEFT 0", "a");
    assert!(reply.starts_with("-WRONGTYPE "), "{reply}");
    assert_eq!(kit.run("LRANGE a 0 -1"), "*1\r\n$1\r\n1\r\n");
}

#[test]
fn look_ups_for_reading_are_counted() {
    let mut kit = Kit::new();
    kit.run("RPUSH l a b c d");
    for (command, hits, misses) in [
        ("LLEN l", 1, 0),
        ("LINDEX none 0", 0, 1),
        ("LRANGE l 0 -1", 1, 0),
        ("LPOS l a", 1, 0),
        ("LPUSH l a", 0, 0),
        ("LPOP l", 0, 0),
        ("LMPOP 2 none l LEFT", 0, 0),
        ("LMOVE l m LEFT LEFT", 0, 0),
        ("LSET l 0 x", 0, 0),
        ("LINSERT l BEFORE x y", 0, 0),
        ("LREM l 0 y", 0, 0),
        ("LTRIM l 0 1", 0, 0),
        ("BLPOP none l 0", 0, 0),
    ] {
        kit.run(command);
        let counted = (kit.changes.hits, kit.changes.misses);
        assert_eq!(counted, (hits, misses), "{command}");
    }
}
