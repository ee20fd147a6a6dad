//! Scripts in numbers and by their names: SCRIPT STATS, SCRIPT LIST, INFO, the slow log, errors, MONITOR.

mod support;

use std::collections::HashMap;
use std::time::Instant;

use support::{Client, PATIENCE, Reply, Server};

const NAMED: &str = "#!lua name=jobs/take
redis.call('SET', KEYS[1], 'x')
redis.call('GET', KEYS[1])
return redis.call('INCR', KEYS[2])";

fn field<'a>(map: &'a Reply, name: &str) -> &'a Reply {
    let Reply::Many(items) = map else {
        panic!("{map:?} is no map");
    };
    let pair = items.chunks(2).find(|pair| pair[0] == Reply::bulk(name));
    &pair.unwrap_or_else(|| panic!("{map:?} has no {name}"))[1]
}

fn number(map: &Reply, name: &str) -> f64 {
    match field(map, name) {
        Reply::Integer(value) => *value as f64,
        Reply::Bulk(text) => text.parse().expect("a number"),
        other => panic!("{other:?} is no number"),
    }
}

/// The only one that SCRIPT STATS tells of under this name.
fn stats(client: &mut Client, name: &str) -> Reply {
    match client.call(&["SCRIPT", "STATS", name]) {
        Reply::Many(mut found) if found.len() == 1 => found.remove(0),
        other => panic!("{other:?}"),
    }
}

fn text(reply: Reply) -> String {
    match reply {
        Reply::Bulk(text) | Reply::Status(text) | Reply::Error(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

#[test]
fn runs_of_a_script_are_counted() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let sha = text(client.call(&["SCRIPT", "LOAD", NAMED]));
    let before = stats(&mut client, &sha);
    assert_eq!(number(&before, "calls"), 0.0);
    assert_eq!(field(&before, "mode"), &Reply::bulk("parallel"));
    for _ in 0..10 {
        client.call(&["EVALSHA", &sha, "2", "a", "b"]);
    }
    client.call(&["SET", "b", "no number"]);
    assert!(matches!(
        client.call(&["EVALSHA", &sha, "2", "a", "b"]),
        Reply::Error(_)
    ));
    let after = stats(&mut client, "jobs/take");
    assert_eq!(field(&after, "type"), &Reply::bulk("script"));
    assert_eq!(field(&after, "sha1"), &Reply::bulk(&sha));
    assert_eq!(field(&after, "name"), &Reply::bulk("jobs/take"));
    for (name, value) in [
        ("calls", 11.0),
        ("failures", 1.0),
        ("kills", 0.0),
        ("undone", 0.0),
        ("reruns", 0.0),
        ("exclusive_calls", 0.0),
        ("inner_calls", 33.0),
        ("keys_touched", 22.0),
    ] {
        assert_eq!(number(&after, name), value, "{name}");
    }
    let times = ["p50_usec", "p99_usec", "max_usec"].map(|name| number(&after, name));
    assert!(times[0] > 0.0 && times[0] <= times[1] && times[1] <= times[2]);
    client.call(&["CONFIG", "RESETSTAT"]);
    assert_eq!(number(&stats(&mut client, &sha), "calls"), 0.0);
    client.call(&["EVALSHA", &sha, "2", "a", "c"]);
    assert_eq!(number(&stats(&mut client, &sha), "calls"), 1.0);
    client.call(&["SCRIPT", "FLUSH"]);
    assert_eq!(
        client.call(&["SCRIPT", "STATS", &sha]),
        Reply::Error("ERR No script or function of this name".to_owned())
    );
    assert_eq!(client.call(&["SCRIPT", "STATS"]), Reply::Many(vec![]));
}

#[test]
fn failures_kills_and_undone_runs_are_told_apart() {
    let server = Server::start(&[
        "--script-time-limit",
        "50",
        "--script-memory-limit",
        "1000000",
    ]);
    let mut client = server.connect();
    let scripts = [
        ("#!lua name=plain\nerror('x')", (1.0, 0.0, 0.0)),
        (
            "#!lua name=atomic flags=atomic\nredis.call('SET', KEYS[1], 1) error('x')",
            (1.0, 0.0, 1.0),
        ),
        ("#!lua name=endless\nwhile true do end", (1.0, 1.0, 0.0)),
        (
            "#!lua name=hungry\nlocal t = {} while true do t[#t + 1] = 'x' .. #t end",
            (1.0, 1.0, 0.0),
        ),
        (
            "#!lua name=reply\nreturn redis.error_reply('x')",
            (1.0, 0.0, 0.0),
        ),
        ("#!lua name=fine\nreturn {1, 2}", (0.0, 0.0, 0.0)),
    ];
    for (script, (failures, kills, undone)) in scripts {
        client.call(&["EVAL", script, "1", "k"]);
        let name = script[11..].split([' ', '\n']).next().expect("a name");
        let counted = stats(&mut client, name);
        assert_eq!(number(&counted, "calls"), 1.0, "{name}");
        assert_eq!(number(&counted, "failures"), failures, "{name}");
        assert_eq!(number(&counted, "kills"), kills, "{name}");
        assert_eq!(number(&counted, "undone"), undone, "{name}");
    }
    let hungry = number(&stats(&mut client, "hungry"), "memory_peak");
    assert!((500_000.0..1_100_000.0).contains(&hungry), "{hungry}");
    assert!(number(&stats(&mut client, "endless"), "max_usec") >= 50_000.0);
    assert!(number(&stats(&mut client, "fine"), "memory_peak") < 10_000.0);
}

#[test]
fn the_peak_counts_what_was_collected_since() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let script =
        "--!name peak\nlocal s = string.rep('x', 3000000) s = nil collectgarbage() return 1";
    client.call(&["EVAL", script, "0"]);
    assert!(number(&stats(&mut client, "peak"), "memory_peak") > 3_000_000.0);
}

#[test]
fn what_a_script_holds_shows_in_its_mode() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call(&["EVAL", "--!name none\nreturn 1", "0"]);
    let undeclared = "--!name undeclared\nreturn redis.call('DBSIZE')";
    client.call(&["EVAL", undeclared, "0"]);
    assert_eq!(
        field(&stats(&mut client, "none"), "mode"),
        &Reply::bulk("parallel")
    );
    let exclusive = stats(&mut client, "undeclared");
    assert_eq!(field(&exclusive, "mode"), &Reply::bulk("exclusive"));
    assert_eq!(number(&exclusive, "exclusive_calls"), 1.0);
}

#[test]
fn functions_are_counted_and_shown_by_info() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let library = "#!lua name=lib
        redis.register_function('bump', function(keys) return redis.call('INCR', keys[1]) end)
        redis.register_function('idle', function() return 1 end)";
    client.call(&["FUNCTION", "LOAD", library]);
    for _ in 0..3 {
        client.call(&["FCALL", "bump", "1", "counter"]);
    }
    client.call(&["EVAL", NAMED, "2", "a", "b"]);
    // In a transaction they are counted as well.
    for command in [
        &["MULTI"][..],
        &["FCALL", "bump", "1", "counter"],
        &["EXEC"],
    ] {
        client.call(command);
    }
    let bump = stats(&mut client, "bump");
    assert_eq!(field(&bump, "type"), &Reply::bulk("function"));
    assert_eq!(field(&bump, "library"), &Reply::bulk("lib"));
    assert_eq!(
        (number(&bump, "calls"), number(&bump, "keys_touched")),
        (4.0, 4.0)
    );
    assert_eq!(number(&stats(&mut client, "idle"), "calls"), 0.0);
    let Reply::Many(all) = client.call(&["SCRIPT", "STATS"]) else {
        panic!("no list");
    };
    assert_eq!(all.len(), 2, "what never ran is not there");
    for section in ["scriptstats", "all", "everything"] {
        let info = text(client.call(&["INFO", section]));
        assert!(info.contains("# Scriptstats\r\n"), "{section}");
        let lines: HashMap<&str, &str> = info
            .lines()
            .filter_map(|line| line.split_once(':'))
            .collect();
        let bump = lines["function_bump"];
        assert!(
            bump.starts_with("library=lib,mode=parallel,calls=4,failures=0"),
            "{bump}"
        );
        assert!(bump.ends_with(",inner_calls=4,keys_touched=4"), "{bump}");
        let script = lines.iter().find(|(name, _)| name.starts_with("script_"));
        let (_, script) = script.expect("the script");
        assert!(
            script.starts_with("name=jobs/take,mode=parallel,calls=1,"),
            "{script}"
        );
    }
    assert!(!text(client.call(&["INFO"])).contains("Scriptstats"));
}

#[test]
fn the_cache_is_listed() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call(&["EVAL", "return 1", "0"]);
    let code = "#!lua name=listed flags=no-writes,allow-stale\nreturn 2";
    let sha = text(client.call(&["SCRIPT", "LOAD", code]));
    let Reply::Many(scripts) = client.call(&["SCRIPT", "LIST"]) else {
        panic!("no list");
    };
    assert_eq!(scripts.len(), 2);
    assert_eq!(field(&scripts[0], "name"), &Reply::Null);
    assert_eq!(field(&scripts[0], "origin"), &Reply::bulk("eval"));
    assert_eq!(field(&scripts[1], "sha1"), &Reply::bulk(&sha));
    assert_eq!(field(&scripts[1], "name"), &Reply::bulk("listed"));
    assert_eq!(field(&scripts[1], "origin"), &Reply::bulk("load"));
    assert!(field(&scripts[1], "bytes").integer() > 0);
    let flags = ["no-writes", "allow-stale"].map(|flag| Reply::Status(flag.to_owned()));
    assert_eq!(field(&scripts[1], "flags"), &Reply::Many(flags.to_vec()));
    let Reply::Many(with_code) = client.call(&["SCRIPT", "LIST", "withcode"]) else {
        panic!("no list");
    };
    assert_eq!(field(&with_code[1], "code"), &Reply::bulk(code));
    assert!(matches!(
        client.call(&["SCRIPT", "LIST", "withthecode"]),
        Reply::Error(_)
    ));
    assert_eq!(
        client.call(&["SCRIPT", "SHOW", "listed"]),
        Reply::bulk(code)
    );
    // In RESP3 they are maps, which the test's client reads as flat lists too.
    client.call(&["HELLO", "3"]);
    assert_eq!(client.call(&["SCRIPT", "LIST"]), Reply::Many(scripts));
}

#[test]
fn a_name_shows_in_errors_and_to_monitors() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let mut monitor = server.connect();
    monitor.call(&["MONITOR"]);
    let error = text(client.call(&["EVAL", "#!lua name=broken\nlocal t = nil\nreturn t.x", "0"]));
    assert!(error.contains(" (broken), on @user_script:3."), "{error}");
    client.call(&[
        "EVAL",
        "--!name noted\nreturn redis.call('SET', KEYS[1], 'v')",
        "1",
        "k",
    ]);
    client.call(&["EVAL", "return redis.call('SET', KEYS[1], 'w')", "1", "k"]);
    let lines: Vec<String> = (0..5).map(|_| text(monitor.read())).collect();
    assert!(
        lines[2].contains("[0 lua:noted] \"SET\" \"k\" \"v\""),
        "{lines:?}"
    );
    assert!(
        lines[4].contains("[0 lua] \"SET\" \"k\" \"w\""),
        "{lines:?}"
    );
    for (script, problem) in [
        ("#!lua name=a b\nreturn 1", "Unknown lua shebang option: b"),
        ("#!lua name=ä\nreturn 1", "Script names can only contain"),
        ("#!lua name=a name=a\nreturn 1", "more than one name"),
    ] {
        let error = text(client.call(&["EVAL", script, "0"]));
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn a_busy_script_is_told_and_killed_by_its_name() {
    let server = Server::start(&["--busy-reply-threshold", "20"]);
    let (mut busy, mut client) = (server.connect(), server.connect());
    busy.send(&[
        "EVAL",
        "#!lua name=spin\nwhile true do redis.call('GET', KEYS[1]) end",
        "1",
        "k",
    ]);
    let deadline = Instant::now() + PATIENCE;
    let mut other = server.connect();
    // Until the script is there the key is free.
    let told = loop {
        match other.call(&["SET", "k", "v"]) {
            Reply::Error(told) => break told,
            _ => assert!(Instant::now() < deadline, "nobody is told of it"),
        }
    };
    assert_eq!(
        told,
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE. Script name is: spin."
    );
    assert!(matches!(
        client.call(&["SCRIPT", "KILL", "spun"]),
        Reply::Error(_)
    ));
    while client.call(&["SCRIPT", "KILL", "spin"]) != Reply::Status("OK".to_owned()) {
        assert!(Instant::now() < deadline, "it is not there");
    }
    let killed = text(busy.read());
    assert!(killed.contains("(spin)"), "{killed}");
    assert_eq!(number(&stats(&mut client, "spin"), "kills"), 1.0);
}

#[test]
fn the_slow_log_tells_which_calls_made_a_script_slow() {
    let server = Server::start(&["--slowlog-log-slower-than", "0"]);
    let mut client = server.connect();
    let fill = "for i = 1, 200 do redis.call('RPUSH', KEYS[1], unpack({1,2,3,4,5,6,7,8}, 1, 8)) end
        for i = 1, 100 do redis.call('RPUSH', KEYS[2], ('x'):rep(100)) end return 1";
    client.call(&["EVAL", fill, "2", "list", "long"]);
    let grow = "for i = 1, 60 do redis.call('RPUSH', KEYS[1], unpack(redis.call('LRANGE', KEYS[2], 0, -1))) end return 1";
    client.call(&["EVAL", grow, "2", "long", "list"]);
    let slow = "#!lua name=sorter
        redis.call('GET', 'x')
        redis.call('SORT', KEYS[1], 'ALPHA', 'LIMIT', 0, 1)
        for i = 1, 100 do redis.call('LINDEX', KEYS[2], 1) end
        return 1";
    client.call(&["SLOWLOG", "RESET"]);
    client.call(&["EVAL", slow, "2", "long", "list"]);
    client.call(&["GET", "x"]);
    let Reply::Many(entries) = client.call(&["SLOWLOG", "GET", "-1"]) else {
        panic!("no list");
    };
    for entry in &entries {
        assert!(matches!(entry, Reply::Many(parts) if parts.len() == 6));
    }
    let Reply::Many(entries) = client.call(&["SLOWLOG", "GET", "-1", "INNER"]) else {
        panic!("no list");
    };
    let parts: Vec<&Vec<Reply>> = entries
        .iter()
        .map(|entry| match entry {
            Reply::Many(parts) => parts,
            other => panic!("{other:?}"),
        })
        .collect();
    let commands: Vec<&Reply> = parts.iter().map(|parts| &parts[3]).collect();
    assert_eq!(commands[1], &Reply::bulks(&["GET", "x"]));
    assert_eq!(parts[1][6], Reply::Many(vec![]));
    let script = &parts[2][6];
    assert_eq!(field(script, "name"), &Reply::bulk("sorter"));
    assert_eq!(field(script, "inner_calls"), &Reply::Integer(102));
    let Reply::Many(slowest) = field(script, "slowest") else {
        panic!("{script:?}");
    };
    assert!((1..=4).contains(&slowest.len()), "{slowest:?}");
    let Reply::Many(first) = &slowest[0] else {
        panic!("{slowest:?}");
    };
    assert!(first[0].integer() >= 50, "{slowest:?}");
    let sort = ["SORT", "long", "ALPHA", "LIMIT", "0", "1"];
    assert_eq!(first[1], Reply::bulks(&sort), "{slowest:?}");
    assert!(matches!(
        client.call(&["SLOWLOG", "GET", "1", "OUTER"]),
        Reply::Error(_)
    ));
}
