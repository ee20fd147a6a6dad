//! Scripts as their users meet them where redis-server is no model: the cache's bounds, slow scripts beside others, dialects.

mod support;

use support::{Client, Reply, Server, wait_until};

fn field(client: &mut Client, section: &str, name: &str) -> i64 {
    let Reply::Bulk(text) = client.call(&["INFO", section]) else {
        panic!("INFO answers with a text");
    };
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("INFO {section} has no {name}"))
}

/// Whether scripts are cached, by their text.
fn load(client: &mut Client, text: &str) -> String {
    match client.call(&["SCRIPT", "LOAD", text]) {
        Reply::Bulk(sha) => sha,
        other => panic!("{other:?}"),
    }
}

fn is_error(reply: &Reply, start: &str) -> bool {
    matches!(reply, Reply::Error(text) if text.starts_with(start))
}

#[test]
fn scripts_of_eval_make_room_and_loaded_ones_stay() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let kept = load(&mut client, "return 'kept'");
    for n in 0..700 {
        client.call(&["EVAL", &format!("return {n}"), "0"]);
    }
    assert_eq!(
        field(&mut client, "memory", "number_of_cached_scripts"),
        501
    );
    assert_eq!(field(&mut client, "stats", "evicted_scripts"), 200);
    assert_eq!(
        client.call(&["SCRIPT", "SHOW", &kept]),
        Reply::bulk("return 'kept'")
    );
    assert_eq!(client.call(&["EVALSHA", &kept, "0"]), Reply::bulk("kept"));
    let unknown = client.call(&["SCRIPT", "SHOW", &"0".repeat(40)]);
    assert!(is_error(&unknown, "NOSCRIPT "), "{unknown:?}");

    let before = field(&mut client, "memory", "used_memory_scripts_eval");
    for mode in ["ASYNC", "SYNC"] {
        let again = load(&mut client, "return 'again'");
        let flushed = client.call(&["SCRIPT", "FLUSH", mode]);
        assert_eq!(flushed, Reply::Status("OK".to_owned()));
        let gone = client.call(&["SCRIPT", "EXISTS", &kept, &again]);
        assert_eq!(
            gone,
            Reply::Many(vec![Reply::Integer(0), Reply::Integer(0)])
        );
    }
    assert_eq!(field(&mut client, "memory", "number_of_cached_scripts"), 0);
    assert!(field(&mut client, "memory", "used_memory_scripts_eval") < before);
    assert!(is_error(
        &client.call(&["EVALSHA", &kept, "0"]),
        "NOSCRIPT "
    ));
}

#[test]
fn huge_scripts_of_eval_are_bounded_by_their_bytes() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let filler = "x".repeat(1 << 20);
    for n in 0..70 {
        client.call(&["EVAL", &format!("return {n} --{filler}"), "0"]);
    }
    let bytes = field(&mut client, "memory", "used_memory_scripts_eval");
    assert!(bytes <= 66 << 20, "{bytes}");
    assert!(field(&mut client, "stats", "evicted_scripts") > 0);
}

#[test]
fn a_slow_script_keeps_its_keys_or_everybody() {
    let server = Server::start(&["--busy-reply-threshold", "20"]);
    let (mut slow, mut other) = (server.connect(), server.connect());
    slow.send(&[
        "EVAL",
        "while true do redis.call('GET', KEYS[1]) end",
        "1",
        "k",
    ]);
    let wait_until_busy = |other: &mut Client| {
        wait_until("nobody is told that the script is slow", || {
            is_error(&other.call(&["GET", "k"]), "BUSY ")
        });
    };
    wait_until_busy(&mut other);
    assert_eq!(other.call(&["PING"]), Reply::Status("PONG".to_owned()));
    let refused = other.call(&["SHUTDOWN"]);
    assert!(is_error(&refused, "BUSY "), "{refused:?}");

    other.call(&["CONFIG", "SET", "busy-reply-scope", "all"]);
    let refused = other.call(&["PING"]);
    assert_eq!(
        refused,
        Reply::Error(
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.".to_owned()
        )
    );
    assert_eq!(
        other.call(&["SCRIPT", "KILL"]),
        Reply::Status("OK".to_owned())
    );
    let killed = slow.read();
    assert!(
        matches!(&killed, Reply::Error(text) if text.contains("killed by user")),
        "{killed:?}"
    );
    assert_eq!(other.call(&["PING"]), Reply::Status("PONG".to_owned()));
}

/// Upstash's flag: a script touches the keys it declares and gets no others, whether somebody else holds them or not.
#[test]
fn who_promises_to_keep_to_its_keys_gets_no_others() {
    let server = Server::start(&["--io-threads", "2"]);
    let mut client = server.connect();
    let script = "#!lua flags=allow-key-locking\nreturn redis.call('SET', KEYS[1], ARGV[1])";
    assert_eq!(
        client.call(&["EVAL", script, "1", "k", "v"]),
        Reply::Status("OK".to_owned())
    );
    let script = "#!lua flags=allow-key-locking\nreturn redis.call('GET', ARGV[1])";
    assert_eq!(
        client.call(&["EVAL", script, "1", "k", "k"]),
        Reply::bulk("v")
    );
    let refused = client.call(&["EVAL", script, "1", "k", "another"]);
    let text = "ERR Script attempted to access a key it does not hold";
    assert!(is_error(&refused, text), "{refused:?}");
    let script = "#!lua flags=allow-key-locking\nreturn redis.call('DBSIZE')";
    let refused = client.call(&["EVAL", script, "1", "k"]);
    assert!(is_error(&refused, text), "{refused:?}");

    let library = "#!lua name=l\nredis.register_function{function_name='f', flags={'allow-key-locking'}, \
                   callback=function(keys, args) return redis.call('GET', args[1]) end}";
    client.call(&["FUNCTION", "LOAD", library]);
    assert_eq!(
        client.call(&["FCALL", "f", "1", "k", "k"]),
        Reply::bulk("v")
    );
    let refused = client.call(&["FCALL", "f", "1", "k", "another"]);
    assert!(is_error(&refused, text), "{refused:?}");
}

/// Dragonfly's comment asks for what is so here anyway: undeclared keys work.
#[test]
fn a_comment_with_flags_is_a_comment() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for flags in [
        "allow-undeclared-keys",
        "disable-atomicity,allow-undeclared-keys",
        "unknown",
    ] {
        let script = format!("--!df flags={flags}\nreturn redis.call('INCR', ARGV[1])");
        let reply = client.call(&["EVAL", &script, "0", &format!("n:{flags}")]);
        assert_eq!(reply, Reply::Integer(1), "{flags}");
    }
}

#[test]
fn what_a_script_sets_ends_with_it() {
    let server = Server::start(&["--io-threads", "1"]);
    let mut client = server.connect();
    let draw = "return math.random(1000000000)";
    let seeded = "math.randomseed(7) return math.random(1000000000)";
    let foreseen = client.call(&["EVAL", seeded, "0"]);
    assert_eq!(client.call(&["EVAL", seeded, "0"]), foreseen);
    let next = client.call(&["EVAL", draw, "0"]);
    assert_ne!(next, foreseen);
    assert_ne!(client.call(&["EVAL", draw, "0"]), next);

    client.call(&[
        "EVAL",
        "cjson.encode_number_precision(3) collectgarbage('setpause', 900)",
        "0",
    ]);
    let reply = client.call(&[
        "EVAL",
        "return {cjson.encode(1 / 3), collectgarbage('setpause', 200)}",
        "0",
    ]);
    let expected = vec![Reply::bulk("0.33333333333333"), Reply::Integer(200)];
    assert_eq!(reply, Reply::Many(expected));
}
