//! Debugging sessions and the others: who waits, who does not, and what is left behind.

mod support;

use std::time::Duration;

use support::{Client, Reply, Server, wait_until};

const LOOPS: &[&str] = &["--io-threads", "2"];

/// The lines of the debugger's next answer.
fn lines(reply: Reply) -> Vec<String> {
    match reply {
        Reply::Many(lines) => lines
            .into_iter()
            .map(|line| match line {
                Reply::Status(text) => text,
                other => panic!("{other:?} is no line"),
            })
            .collect(),
        other => panic!("{other:?} are no lines"),
    }
}

fn debug(server: &Server, mode: &str, call: &[&str]) -> Client {
    let mut client = server.connect();
    assert_eq!(
        client.call(&["SCRIPT", "DEBUG", mode]),
        Reply::Status("OK".to_owned())
    );
    let stop = lines(client.call(call));
    assert!(stop[0].starts_with("* Stopped at "), "{stop:?}");
    client
}

const TWO_WRITES: &str =
    "redis.call('incr', KEYS[1])\nredis.call('incr', KEYS[1])\nreturn redis.call('get', KEYS[1])";

#[test]
fn forked_sessions_hold_nobody_up_and_leave_nothing() {
    let server = Server::start(LOOPS);
    let mut other = server.connect();
    other.call(&["SET", "n", "5"]);
    other.call(&["RPUSH", "list", "a"]);
    let mut sessions: Vec<Client> = (0..5)
        .map(|_| debug(&server, "YES", &["EVAL", TWO_WRITES, "1", "n"]))
        .collect();
    for session in &mut sessions {
        session.call(&["s"]);
        let shown = lines(session.call(&["redis", "flushall"]));
        assert_eq!(shown[1], "<reply> \"+OK\"");
        assert_eq!(lines(session.call(&["r", "dbsize"]))[1], "<reply> 0");
    }
    // Neither the keys nor whole databases are held.
    assert_eq!(other.call(&["INCR", "n"]).integer(), 6);
    assert_eq!(other.call(&["DBSIZE"]).integer(), 2);
    for mut session in sessions {
        assert_eq!(lines(session.call(&["c"])), ["<endsession>"]);
        assert_eq!(session.read(), Reply::bulk("1"));
    }
    assert_eq!(other.call(&["GET", "n"]), Reply::bulk("6"));
    assert_eq!(
        other.call(&["LRANGE", "list", "0", "-1"]),
        Reply::bulks(&["a"])
    );
    // A copy that was used before starts afresh.
    let mut session = debug(&server, "YES", &["EVAL", TWO_WRITES, "1", "n"]);
    assert_eq!(lines(session.call(&["r", "get", "n"]))[1], "<reply> \"6\"");
    assert_eq!(
        lines(session.call(&["r", "keys", "*"]))[1].len(),
        "<reply> [\"n\",\"list\"]".len()
    );
}

#[test]
fn a_big_keyspace_is_copied_as_it_is_needed() {
    let server = Server::start(LOOPS);
    let mut other = server.connect();
    let fill = "for i = 1, 20000 do redis.call('set', 'key:' .. i, i) end redis.call('select', 3) redis.call('set', 'x', 'three')";
    other.call(&["EVAL", fill, "0"]);
    let script = "local a = redis.call('get', 'key:7')
redis.call('select', 3)
local x = redis.call('get', 'x')
redis.call('set', 'x', 'changed')
return {a, x, redis.call('get', 'x'), redis.call('move', 'x', 0)}";
    let mut session = debug(&server, "YES", &["EVAL", script, "1", "key:1"]);
    // What was declared was copied at the start, what was not is copied when it is named.
    other.call(&["MSET", "key:1", "later", "key:2", "later"]);
    assert_eq!(
        lines(session.call(&["r", "get", "key:1"]))[1],
        "<reply> \"1\""
    );
    assert_eq!(
        lines(session.call(&["r", "get", "key:2"]))[1],
        "<reply> \"later\""
    );
    assert_eq!(lines(session.call(&["r", "dbsize"]))[1], "<reply> 20000");
    assert_eq!(
        lines(session.call(&["r", "del", "key:1", "key:2"]))[1],
        "<reply> 2"
    );
    assert_eq!(lines(session.call(&["r", "dbsize"]))[1], "<reply> 19998");
    assert_eq!(lines(session.call(&["c"])), ["<endsession>"]);
    let expected = vec![
        Reply::bulk("7"),
        Reply::bulk("three"),
        Reply::bulk("changed"),
        Reply::Integer(1),
    ];
    assert_eq!(session.read(), Reply::Many(expected));
    assert_eq!(other.call(&["DBSIZE"]).integer(), 20_000);
    other.call(&["SELECT", "3"]);
    assert_eq!(other.call(&["GET", "x"]), Reply::bulk("three"));
}

#[test]
fn a_synchronous_session_makes_others_wait_for_keys_alone() {
    let server = Server::start(LOOPS);
    let mut session = debug(&server, "sync", &["EVAL", TWO_WRITES, "1", "n"]);
    let mut other = server.connect();
    assert_eq!(other.call(&["PING"]), Reply::Status("PONG".to_owned()));
    other.send(&["GET", "n"]);
    session.call(&["s"]);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(lines(session.call(&["continue"])), ["<endsession>"]);
    assert_eq!(session.read(), Reply::bulk("2"));
    assert_eq!(other.read(), Reply::bulk("2"));
}

#[test]
fn a_session_whose_client_leaves_ends() {
    let server = Server::start(LOOPS);
    let mut other = server.connect();
    let session = debug(&server, "SYNC", &["EVAL", TWO_WRITES, "1", "n"]);
    drop(session);
    // The script has run to its end, unwatched.
    assert_eq!(other.call(&["GET", "n"]), Reply::bulk("2"));
    let session = debug(&server, "YES", &["EVAL", TWO_WRITES, "1", "n"]);
    drop(session);
    assert_eq!(other.call(&["GET", "n"]), Reply::bulk("2"));
    // One that would never end can be killed.
    let endless = "local n = 0\nwhile true do n = n + 1 end";
    let mut session = debug(&server, "SYNC", &["EVAL", endless, "0"]);
    session.send(&["c"]);
    drop(session);
    wait_until("the script cannot be killed", || {
        other.call(&["SCRIPT", "KILL"]) == Reply::Status("OK".to_owned())
    });
    assert_eq!(other.call(&["GET", "n"]), Reply::bulk("2"));
}

#[test]
fn functions_and_cached_scripts_are_debugged_too() {
    let server = Server::start(LOOPS);
    let mut other = server.connect();
    let library = "#!lua name=counters
local calls = 0
redis.register_function('count', function(keys)
  calls = calls + 1
  return {calls, redis.call('incr', keys[1])}
end)";
    other.call(&["FUNCTION", "LOAD", library]);
    let one_more = |calls, n| Reply::Many(vec![Reply::Integer(calls), Reply::Integer(n)]);
    assert_eq!(other.call(&["FCALL", "count", "1", "n"]), one_more(1, 1));
    let mut session = debug(&server, "YES", &["FCALL", "count", "1", "n"]);
    assert_eq!(lines(session.call(&["p", "keys"])), ["<value> {\"n\"}"]);
    let place = lines(session.call(&["list", "4", "0"]));
    assert_eq!(place, ["-> 4     calls = calls + 1"]);
    session.call(&["c"]);
    // A debugged function has its library to itself.
    assert_eq!(session.read(), one_more(1, 2));
    assert_eq!(other.call(&["FCALL", "count", "1", "n"]), one_more(2, 2));

    let Reply::Bulk(sha) = other.call(&["SCRIPT", "LOAD", TWO_WRITES]) else {
        panic!("SCRIPT LOAD tells the digest");
    };
    let mut session = debug(&server, "SYNC", &["EVALSHA", &sha, "1", "n"]);
    session.call(&["c"]);
    assert_eq!(session.read(), Reply::bulk("4"));
}

#[test]
fn commands_of_a_session_may_come_at_once_and_in_pieces() {
    let server = Server::start(LOOPS);
    let mut session = debug(
        &server,
        "YES",
        &["EVAL", "local a = 1\nlocal b = 2\nreturn a", "0"],
    );
    session.send_bytes(b"*1\r\n$1\r\ns\r\n*2\r\n$1\r\np\r\n$1\r\na\r\n*1\r\n$");
    assert_eq!(
        session.read(),
        Reply::Many(vec![
            Reply::Status("* Stopped at 2, stop reason = step over".to_owned()),
            Reply::Status("-> 2   local b = 2".to_owned()),
        ])
    );
    assert_eq!(lines(session.read()), ["<value> 1"]);
    session.send_bytes(b"1\r\nc\r\n");
    assert_eq!(lines(session.read()), ["<endsession>"]);
    assert_eq!(session.read(), Reply::Integer(1));
}

#[test]
fn evaluated_code_cannot_hold_the_server_up() {
    let server = Server::start(&[]);
    let mut session = debug(&server, "YES", &["EVAL", "local a = 1\nreturn a", "0"]);
    for code in [
        "while true do end",
        "local function f() return f() end f()",
        "error({err='Mine'})",
        "redis.call('nosuch')",
        "coroutine.wrap(function() while true do end end)()",
    ] {
        let answer = lines(session.call(&["eval", code]));
        assert!(answer[0].starts_with("<error> "), "{code}: {answer:?}");
    }
    assert_eq!(lines(session.call(&["e", "1 + 1"])), ["<retval> 2"]);
    assert_eq!(lines(session.call(&["c"])), ["<endsession>"]);
    assert_eq!(session.read(), Reply::Integer(1));
}
