//! All-or-nothing scripts and transactions, kills with undo, and the limits of a run.

mod support;

use support::{Client, Reply, Server, wait_until};

/// Writes of every kind, to a keyspace as [`fill`] leaves it.
const WRITES: &str = "
redis.call('SET', 'string', 'changed')
redis.call('APPEND', 'string', '!')
redis.call('HSET', 'hash', 'f', 'changed', 'g', 'new')
redis.call('RPUSH', 'list', 'new')
redis.call('LPOP', 'list')
redis.call('SADD', 'set', 'new')
redis.call('ZINCRBY', 'zset', 5, 'm')
redis.call('PEXPIRE', 'hash', 100000)
redis.call('RENAME', 'other', 'renamed')
redis.call('DEL', 'gone')
redis.call('SET', 'fresh', 1)
redis.call('PUBLISH', 'news', 'told')
";

fn fill(client: &mut Client) {
    for line in [
        "FLUSHALL",
        "SET string value",
        "HSET hash f v",
        "RPUSH list a b c",
        "SADD set 1 2",
        "ZADD zset 1 m",
        "SET other there EX 1000",
        "SET gone not-yet",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        client.call(&words);
    }
}

/// What the writes touch, as a client sees it.
fn look(client: &mut Client) -> Vec<Reply> {
    let lines = [
        "GET string",
        "OBJECT ENCODING string",
        "HGETALL hash",
        "PTTL hash",
        "LRANGE list 0 -1",
        "SMEMBERS set",
        "OBJECT ENCODING set",
        "ZRANGE zset 0 -1 WITHSCORES",
        "GET other",
        "EXISTS renamed",
        "GET gone",
        "EXISTS fresh",
        "DBSIZE",
    ];
    lines
        .iter()
        .map(|line| client.call(&line.split(' ').collect::<Vec<_>>()))
        .collect()
}

fn atomic(body: &str) -> String {
    format!("#!lua flags=atomic\n{WRITES}\n{body}")
}

fn error(reply: Reply) -> String {
    match reply {
        Reply::Error(text) => text,
        other => panic!("{other:?} is no error"),
    }
}

/// Waits until a script has run past its first slice, so that it can be killed.
fn wait_until_busy(client: &mut Client) {
    let busy = Reply::Error("NOTBUSY No script of this name in execution right now.".to_owned());
    wait_until("no script runs", || {
        client.call(&["SCRIPT", "KILL", "nobody"]) == busy
    });
}

#[test]
fn a_failed_atomic_script_has_never_been() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    fill(&mut client);
    let before = look(&mut client);
    for (body, wanted) in [
        ("redis.call('INCR', 'list')", "WRONGTYPE"),
        ("error('stop')", "ERR user_script:16: stop script: "),
        ("return nil + 1", "ERR user_script:16: attempt to perform"),
        (
            "return redis.error_reply('SHORT of money')",
            "SHORT of money. All its writes were undone.",
        ),
        (
            "return {err = 'SHORT.'}",
            "SHORT. All its writes were undone.",
        ),
        (
            "redis.rollback()",
            "ROLLBACK The script took its writes back.",
        ),
        ("redis.rollback('NOFUNDS too poor')", "NOFUNDS too poor"),
        ("pcall(redis.rollback, 'plain')", "ERR plain"),
    ] {
        let text = error(client.call(&["EVAL", &atomic(body), "0"]));
        assert!(text.starts_with(wanted), "{text}");
        if !body.contains("rollback") {
            assert!(text.ends_with(" All its writes were undone."), "{text}");
        }
        assert_eq!(look(&mut client), before, "{body}");
    }
    // What wrote nothing says nothing of it.
    let text = error(client.call(&["EVAL", "#!lua flags=atomic\nerror('x')", "0"]));
    assert!(text.ends_with("on @user_script:2."), "{text}");
    // An error that is caught, or is only part of the reply, is no failure.
    let body = "redis.pcall('INCR', 'list') return {1, redis.error_reply('PART of it')}";
    client.call(&["EVAL", &atomic(body), "0"]);
    assert_eq!(client.call(&["GET", "fresh"]).integer(), 1);
}

#[test]
fn without_the_flag_a_failed_script_keeps_its_writes() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    fill(&mut client);
    let text = error(client.call(&["EVAL", &format!("{WRITES} error('stop')"), "0"]));
    assert!(text.ends_with("on @user_script:14."), "{text}");
    assert_eq!(client.call(&["GET", "fresh"]), Reply::bulk("1"));
    let text = error(client.call(&["EVAL", "redis.rollback()", "0"]));
    assert!(
        text.starts_with("ERR user_script:1: attempt to call field 'rollback' (a nil value)"),
        "{text}"
    );

    fill(&mut client);
    let before = look(&mut client);
    client.call(&["CONFIG", "SET", "script-atomic", "yes"]);
    let text = error(client.call(&["EVAL", &format!("{WRITES} error('stop')"), "0"]));
    assert!(text.ends_with("All its writes were undone."), "{text}");
    assert_eq!(look(&mut client), before);
}

#[test]
fn nobody_hears_of_what_is_undone() {
    let server = Server::start(&["--notify-keyspace-events", "KEA"]);
    let mut client = server.connect();
    fill(&mut client);
    let mut subscriber = server.connect();
    subscriber.send(&["SUBSCRIBE", "news", "__keyevent@0__:set"]);
    subscriber.read();
    subscriber.read();
    let mut watcher = server.connect();
    let mut waiter = server.connect();
    for fails in [true, false] {
        watcher.call(&["WATCH", "string", "gone"]);
        if fails {
            waiter.send(&["BLPOP", "queue", "0"]);
        }
        let body = "redis.call('RPUSH', 'queue', 'item')";
        let script = atomic(&format!("{body} if ARGV[1] == 'fail' then error('x') end"));
        let argument = if fails { "fail" } else { "go" };
        client.call(&["EVAL", &script, "0", argument]);
        watcher.call(&["MULTI"]);
        let executed = watcher.call(&["EXEC"]);
        assert_eq!(executed == Reply::Null, !fails);
        if fails {
            // The first thing the subscriber ever hears is this.
            client.call(&["PUBLISH", "news", "after the failure"]);
        }
    }
    let message = |channel: &str, text: &str| Reply::bulks(&["message", channel, text]);
    assert_eq!(subscriber.read(), message("news", "after the failure"));
    let set = "__keyevent@0__:set";
    for wanted in [
        message(set, "string"),
        message(set, "fresh"),
        message("news", "told"),
    ] {
        assert_eq!(subscriber.read(), wanted);
    }
    assert_eq!(waiter.read(), Reply::bulks(&["queue", "item"]));
}

#[test]
fn a_killed_script_is_undone_if_it_can_be() {
    let server = Server::start(&["--io-threads", "2", "--io-threads-gather", "no"]);
    let mut client = server.connect();
    let mut other = server.connect();
    fill(&mut client);
    let before = look(&mut client);
    let endless = format!("{WRITES} while true do end");

    client.send(&["EVAL", &format!("#!lua flags=atomic\n{endless}"), "0"]);
    wait_until_busy(&mut other);
    assert_eq!(
        other.call(&["SCRIPT", "KILL"]),
        Reply::Status("OK".to_owned())
    );
    let text = error(client.read());
    assert!(
        text.starts_with("ERR Script killed by user with SCRIPT KILL... script: ")
            && text.ends_with("All its writes were undone."),
        "{text}"
    );
    assert_eq!(look(&mut client), before);

    let limited = "redis.call('SET', 'fresh', 1) local n = 0 while n < 3e7 do n = n + 1 end";
    client.send(&["EVAL", limited, "0"]);
    wait_until_busy(&mut other);
    assert!(error(other.call(&["SCRIPT", "KILL"])).starts_with("UNKILLABLE"));
    assert_eq!(client.read(), Reply::Null);
    assert_eq!(client.call(&["DEL", "fresh"]), Reply::Integer(1));

    other.call(&["CONFIG", "SET", "script-kill-undo", "yes"]);
    let Reply::Bulk(sha) = client.call(&["SCRIPT", "LOAD", &endless]) else {
        panic!("the script compiles");
    };
    client.send(&["EVALSHA", &sha, "0"]);
    wait_until_busy(&mut other);
    other.call(&["SCRIPT", "KILL", &sha]);
    assert!(error(client.read()).ends_with("All its writes were undone."));
    assert_eq!(look(&mut client), before);
    // Of other failures such a script keeps what it wrote.
    client.call(&["EVAL", "redis.call('SET', 'fresh', 1) error('x')", "0"]);
    assert_eq!(client.call(&["GET", "fresh"]), Reply::bulk("1"));
}

#[test]
fn limits_of_time_and_memory_end_a_script() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    fill(&mut client);
    let before = look(&mut client);
    client.call(&["CONFIG", "SET", "script-time-limit", "50"]);
    client.call(&["CONFIG", "SET", "script-memory-limit", "2mb"]);
    let text = error(client.call(&["EVAL", &atomic("while true do end"), "0"]));
    assert!(
        text.starts_with("ERR Script ran longer than script-time-limit allows. script: ")
            && text.ends_with("All its writes were undone."),
        "{text}"
    );
    assert_eq!(look(&mut client), before);
    client.call(&["CONFIG", "SET", "script-time-limit", "0"]);
    for body in [
        "local t = {} for n = 1, 1e7 do t[n] = n end",
        "local s = 'x' while true do s = s .. s end",
        "pcall(function() local t = {} for n = 1, 1e7 do t[n] = {} end end) redis.call('SET', 'x', 1)",
        "return string.rep('x', 1e8)",
    ] {
        let text = error(client.call(&["EVAL", &atomic(body), "0"]));
        assert!(
            text.starts_with("ERR Script needs more memory than script-memory-limit allows."),
            "{text}"
        );
        assert_eq!(look(&mut client), before, "{body}");
    }
    // A run that stays within both is none the worse.
    let body = "local t = {} for n = 1, 1000 do t[n] = n end return #t";
    assert_eq!(client.call(&["EVAL", body, "0"]), Reply::Integer(1000));
    // Without a log the writes stay, as after any error.
    client.call(&["CONFIG", "SET", "script-time-limit", "50"]);
    let body = "redis.call('SET', 'fresh', 1) while true do end";
    let text = error(client.call(&["EVAL", body, "0"]));
    assert!(text.ends_with("on @user_script:1."), "{text}");
    assert_eq!(client.call(&["GET", "fresh"]), Reply::bulk("1"));
}

#[test]
fn a_transaction_is_all_or_nothing_when_asked() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    fill(&mut client);
    let transaction = |client: &mut Client, script: &str| {
        client.call(&["MULTI"]);
        client.call(&["SET", "fresh", "1"]);
        client.call(&["PUBLISH", "news", "text"]);
        client.call(&["LPUSH", "list", "x"]);
        client.call(&["EVAL", script, "1", "string"]);
        client.call(&["INCR", "list"]);
        client.call(&["SET", "gone", "now"]);
        client.call(&["EXEC"])
    };
    let append = "return redis.call('APPEND', KEYS[1], 'x')";
    // As in Redis: the others stand.
    match transaction(&mut client, append) {
        Reply::Many(replies) => assert_eq!(replies.len(), 6),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.call(&["GET", "gone"]), Reply::bulk("now"));

    fill(&mut client);
    let before = look(&mut client);
    client.call(&["CONFIG", "SET", "multi-atomic", "yes"]);
    assert_eq!(
        error(transaction(&mut client, append)),
        "EXECABORT Transaction undone because its command 5, 'incr', failed: WRONGTYPE Operation against a key \
         holding the wrong kind of value"
    );
    assert_eq!(look(&mut client), before);
    // A script in it that takes its time and then takes everything back.
    let slow = "redis.call('SET', KEYS[1], 'x') local n = 0 while n < 1e6 do n = n + 1 end redis.rollback('NO more')";
    assert_eq!(
        error(transaction(&mut client, slow)),
        "EXECABORT Transaction undone because its command 4, 'eval', failed: NO more"
    );
    assert_eq!(look(&mut client), before);

    client.call(&["MULTI"]);
    client.call(&["SET", "fresh", "1"]);
    client.call(&["EVAL", append, "1", "string"]);
    client.call(&["LLEN", "list"]);
    let replies = [
        Reply::Status("OK".to_owned()),
        Reply::Integer(6),
        Reply::Integer(3),
    ];
    assert_eq!(client.call(&["EXEC"]), Reply::Many(replies.to_vec()));
    assert_eq!(client.call(&["GET", "fresh"]), Reply::bulk("1"));
}

#[test]
fn functions_are_atomic_too() {
    let server = Server::start(&["--io-threads", "2", "--io-threads-gather", "no"]);
    let mut client = server.connect();
    let mut other = server.connect();
    fill(&mut client);
    let before = look(&mut client);
    let library = format!(
        "#!lua name=lib\nredis.register_function{{function_name='f', flags={{'atomic'}}, \
         callback=function(keys, args)\n{WRITES}\nif args[1] == 'loop' then while true do end end \
         if args[1] == 'back' then redis.rollback('NOT today') end error('x') end}}"
    );
    assert_eq!(
        client.call(&["FUNCTION", "LOAD", &library]),
        Reply::bulk("lib")
    );
    let text = error(client.call(&["FCALL", "f", "0"]));
    assert!(text.ends_with("All its writes were undone."), "{text}");
    assert_eq!(look(&mut client), before);
    assert_eq!(
        error(client.call(&["FCALL", "f", "0", "back"])),
        "NOT today"
    );
    assert_eq!(look(&mut client), before);
    client.send(&["FCALL", "f", "0", "loop"]);
    wait_until_busy(&mut other);
    other.call(&["FUNCTION", "KILL", "f"]);
    let text = error(client.read());
    assert!(text.ends_with("All its writes were undone."), "{text}");
    assert_eq!(look(&mut client), before);
}
