//! What bounds the memory of scripts: the cap on a run, which its undo log shares, `maxmemory` in the middle of an atomic
//! script, and what becomes of the memory afterwards.

mod support;

use support::{Client, Reply, Server, wait_until};

fn error(reply: Reply) -> String {
    match reply {
        Reply::Error(text) => text,
        other => panic!("{other:?} is no error"),
    }
}

/// A number of INFO.
fn info(client: &mut Client, field: &str) -> i64 {
    let Reply::Bulk(text) = client.call(&["INFO", "everything"]) else {
        panic!("no text");
    };
    let line = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name == field).then_some(value)
    });
    line.and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("INFO has no {field}"))
}

#[test]
fn the_undo_log_counts_as_memory_of_the_script() {
    let server = Server::start(&["--io-threads", "1"]);
    let mut client = server.connect();
    client.call(&["CONFIG", "SET", "script-memory-limit", "2mb"]);
    // Many members make a set that is changed step by step.
    let fill = "for n = 1, 20000 do redis.call('SADD', KEYS[1], 'member:' .. n) end return 1";
    client.call(&["EVAL", fill, "1", "set"]);
    let digest = |client: &mut Client| client.call(&["DEBUG", "DIGEST"]);
    let before = digest(&mut client);
    for (body, key) in [
        (
            "for n = 1, 1e6 do redis.call('SADD', KEYS[1], n) end",
            "set",
        ),
        (
            "for n = 1, 1e6 do redis.call('SET', KEYS[1] .. n, 1) end",
            "new",
        ),
        (
            "for n = 1, 1e6 do pcall(redis.call, 'SADD', KEYS[1], n) end",
            "set",
        ),
    ] {
        let atomic = format!("#!lua flags=atomic\n{body} return 1");
        let text = error(client.call(&["EVAL", &atomic, "1", key]));
        assert!(
            text.starts_with("ERR Script needs more memory than script-memory-limit allows.")
                && text.ends_with("All its writes were undone."),
            "{text}"
        );
        assert_eq!(digest(&mut client), before, "{body}");
    }
    // Values that only move into the log cost nothing: they were there before.
    let big = "redis.call('SET', KEYS[1], ('x'):rep(1e6)) redis.call('APPEND', KEYS[1], ('y'):rep(5e5)) return 1";
    client.call(&["EVAL", big, "1", "string"]);
    client.call(&[
        "EVAL",
        "for n = 1, 5 do redis.call('APPEND', KEYS[1], ('x'):rep(1e6)) end",
        "1",
        "string",
    ]);
    for body in ["redis.call('DEL', KEYS[1])", "redis.call('FLUSHALL')"] {
        let atomic = format!("#!lua flags=atomic\n{body} return 1");
        assert_eq!(
            client.call(&["EVAL", &atomic, "1", "string"]),
            Reply::Integer(1)
        );
    }
    // What is not to be undone needs no log.
    let plain = "for n = 1, 60000 do redis.call('SET', KEYS[1] .. n, 1) end return 1";
    assert_eq!(client.call(&["EVAL", plain, "1", "new"]), Reply::Integer(1));
    // And the next run has all of the limit again.
    let text = "#!lua flags=atomic\nredis.call('SET', KEYS[1], 1) return #('x'):rep(1500000)";
    assert_eq!(
        client.call(&["EVAL", text, "1", "k"]),
        Reply::Integer(1_500_000)
    );
}

#[test]
fn a_script_that_is_stopped_at_its_limit_gives_its_memory_back() {
    let server = Server::start(&["--io-threads", "1", "--script-memory-limit", "60mb"]);
    let mut client = server.connect();
    client.call(&["EVAL", "return 1", "0"]);
    let vm_before = info(&mut client, "used_memory_vm_total");
    let resident_before = info(&mut client, "used_memory_rss");
    for round in 0..3 {
        for body in [
            "local t = {} while true do t[#t + 1] = {#t} end",
            "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
            "local t = {} while true do t[#t + 1] = ('x'):rep(10000000) .. #t end",
        ] {
            let text = error(client.call(&["EVAL", body, "0"]));
            assert!(text.contains("script-memory-limit"), "{text}");
            let vm = info(&mut client, "used_memory_vm_total");
            assert!(
                vm <= vm_before + (1 << 20),
                "{vm} after {vm_before}: {body}"
            );
            // The allocator may keep some of it for the next one, but does not take ever more.
            let resident = info(&mut client, "used_memory_rss");
            assert!(
                resident < resident_before + (120 << 20),
                "{resident} bytes resident after {resident_before} in round {round}: {body}"
            );
        }
    }
    assert!(info(&mut client, "used_memory_peak") > resident_before + (40 << 20));
    assert_eq!(client.call(&["EVAL", "return 2", "0"]), Reply::Integer(2));
}

#[test]
fn maxmemory_in_the_middle_of_an_atomic_script_undoes_it() {
    let server = Server::start(&["--io-threads", "1"]);
    let mut client = server.connect();
    client.call(&["SET", "before", "1"]);
    let limit = (info(&mut client, "used_memory") + (40 << 20)).to_string();
    client.call(&["CONFIG", "SET", "maxmemory", &limit]);
    let fill = "redis.call('SET', 'before', 2)
        for n = 1, 1000 do redis.call('SET', 'big:' .. n, ('x'):rep(1000000)) end return 'all'";
    let text = error(client.call(&["EVAL", &format!("#!lua flags=atomic\n{fill}"), "0"]));
    assert!(
        text.starts_with("OOM command not allowed when used memory > 'maxmemory'.")
            && text.ends_with("All its writes were undone."),
        "{text}"
    );
    assert_eq!(client.call(&["DBSIZE"]), Reply::Integer(1));
    assert_eq!(client.call(&["GET", "before"]), Reply::bulk("1"));
    // Once the memory is back there is room again.
    wait_until("the memory does not come back", || {
        client.call(&["SET", "after", "1"]) == Reply::Status("OK".to_owned())
    });
    // A script that allows itself to run then does.
    let allowed = "#!lua flags=atomic,allow-oom\n
        for n = 1, 60 do redis.call('SET', 'big:' .. n, ('x'):rep(1000000)) end return 'all'";
    assert_eq!(client.call(&["EVAL", allowed, "0"]), Reply::bulk("all"));
    client.call(&["FLUSHALL"]);
}
