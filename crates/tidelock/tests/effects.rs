//! What the append-only file and replicas will read of each write. The expectations are what redis-server 7.0.15 puts into its
//! append-only file for the same commands.

mod support;

use support::{Client, Reply, Server};

/// Plays lines of words, then compares the effects with the lines expected. `*` stands for a time.
fn check(client: &mut Client, before: &str, lines: &str, expected: &str) {
    let play = |client: &mut Client, lines: &str| {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words: Vec<&str> = line.splitn(2, " | ").collect();
            let script = (words.len() == 2).then(|| words.remove(1));
            let mut words: Vec<&str> = words[0].split(' ').collect();
            if let Some(script) = script {
                words.insert(1, script);
            }
            client.call(&words);
        }
    };
    client.call(&["FLUSHALL"]);
    play(client, before);
    client.call(&["DEBUG", "EFFECTS", "ON"]);
    play(client, lines);
    let Reply::Many(effects) = client.call(&["DEBUG", "EFFECTS", "GET"]) else {
        panic!("an array is expected");
    };
    let found: Vec<String> = effects.iter().map(effect).collect();
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(found, expected, "effects of {lines}");
}

/// An effect as a line: its database, who reads it unless all do, and its words.
fn effect(reply: &Reply) -> String {
    let Reply::Many(words) = reply else {
        panic!("an effect is an array");
    };
    let mut line = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match word {
            Reply::Integer(number) => line.push(number.to_string()),
            Reply::Bulk(text) if index == 1 && text == "all" => {}
            Reply::Bulk(text) => {
                let is_time = text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit());
                line.push(if is_time {
                    "*".to_owned()
                } else {
                    text.clone()
                });
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    line.join(" ")
}

#[test]
fn a_write_is_its_own_effect_unless_the_clock_or_the_dice_had_a_say() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let client = &mut server.connect();
    check(
        client,
        "",
        "SET a 1\nINCR a\nGET a\nDEL none",
        "0 SET a 1\n0 INCR a",
    );
    check(client, "", "SET a 1 EX 100 NX", "0 SET a 1 PXAT *");
    check(
        client,
        "",
        "SET a 1 GET\nSETEX b 10 v",
        "0 SET a 1\n0 SET b v PXAT *",
    );
    check(
        client,
        "SET a 1",
        "GETSET a v\nGETDEL a",
        "0 SET a v\n0 DEL a",
    );
    check(
        client,
        "SET a 1",
        "GETEX a\nGETEX a EX 10\nGETEX a PERSIST\nGETEX a EXAT 10",
        "0 PEXPIREAT a *\n0 PERSIST a\n0 DEL a",
    );
    check(
        client,
        "",
        "INCRBYFLOAT a 1.5\nHINCRBYFLOAT h f 1.5",
        "0 SET a 1.5 KEEPTTL\n0 HSET h f 1.5",
    );
    check(
        client,
        "SET a 1",
        "EXPIRE a 100\nEXPIRE a 50 GT\nEXPIRE a -1",
        "0 PEXPIREAT a *\n0 DEL a",
    );
    check(
        client,
        "SADD s a\nSADD t a b",
        "SPOP s\nSPOP t 5\nSPOP t",
        "0 SREM s a\n0 DEL t",
    );
    check(client, "", "SELECT 3\nSET a 1\nSELECT 0", "3 SET a 1");
    check(client, "", "FLUSHALL", "0 FLUSHALL");
}

#[test]
fn what_a_blocking_command_took_is_taken_without_waiting() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let client = &mut server.connect();
    check(
        client,
        "RPUSH l a b c d e f",
        "BLPOP l 0\nBRPOP x l 0\nBLMPOP 0 2 x l RIGHT COUNT 2\nBLMOVE l m LEFT RIGHT 0\nBRPOPLPUSH l m 0",
        "0 LPOP l\n0 RPOP l\n0 RPOP l 2\n0 LMOVE l m LEFT RIGHT\n0 RPOPLPUSH l m",
    );
    check(
        client,
        "ZADD z 1 a 2 b 3 c 4 d",
        "BZPOPMIN z 0\nBZPOPMAX z 0\nZMPOP 1 z MIN COUNT 10",
        "0 ZPOPMIN z\n0 ZPOPMAX z\n0 ZPOPMIN z 2",
    );
}

#[test]
fn several_effects_of_a_script_or_transaction_stand_together() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let client = &mut server.connect();
    check(
        client,
        "",
        "EVAL 0 | return redis.call('SET', 'a', 1)",
        "0 SET a 1",
    );
    check(
        client,
        "SADD s x",
        "EVAL 0 | redis.call('SET', 'a', 1, 'EX', 10) redis.call('SPOP', 's') return redis.call('GET', 'a')",
        "0 MULTI\n0 SET a 1 PXAT *\n0 SREM s x\n0 EXEC",
    );
    check(
        client,
        "",
        "EVAL 0 | redis.set_repl(redis.REPL_NONE) redis.call('SET', 'a', 1) redis.set_repl(redis.REPL_AOF) \
         redis.call('INCR', 'b') redis.set_repl(redis.REPL_REPLICA) redis.call('INCR', 'c')",
        "0 MULTI\n0 aof INCR b\n0 replicas INCR c\n0 EXEC",
    );
    check(
        client,
        "",
        "MULTI\nSET a 1\nEVAL 0 | redis.set_repl(0) redis.call('SET', 'b', 1)\nINCR c\nEXEC",
        "0 MULTI\n0 SET a 1\n0 INCR c\n0 EXEC",
    );
    check(
        client,
        "",
        "MULTI\nSET a 1\nEXEC\nMULTI\nGET a\nEXEC",
        "0 SET a 1",
    );
    check(
        client,
        "",
        "EVAL 0 | redis.call('SET', 'a', 1) error('after a write')",
        "0 SET a 1",
    );
}

#[test]
fn what_is_undone_has_no_effect() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let client = &mut server.connect();
    let script =
        "#!lua flags=atomic\nredis.call('SET', 'a', 1) redis.call('INCR', 'b') error('no')";
    client.call(&["DEBUG", "EFFECTS", "ON"]);
    client.call(&["EVAL", script, "0"]);
    client.call(&["SET", "c", "1"]);
    let Reply::Many(effects) = client.call(&["DEBUG", "EFFECTS", "GET"]) else {
        panic!("an array is expected");
    };
    let found: Vec<String> = effects.iter().map(effect).collect();
    assert_eq!(found, ["0 SET c 1"]);
}

#[test]
fn a_key_whose_time_has_come_is_deleted_for_all() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let client = &mut server.connect();
    client.call(&["DEBUG", "EFFECTS", "ON"]);
    client.call(&["SET", "a", "1", "PX", "1"]);
    std::thread::sleep(std::time::Duration::from_millis(5));
    client.call(&["EXISTS", "a"]);
    let Reply::Many(effects) = client.call(&["DEBUG", "EFFECTS", "GET"]) else {
        panic!("an array is expected");
    };
    let found: Vec<String> = effects.iter().map(effect).collect();
    assert_eq!(found, ["0 SET a 1 PXAT *", "0 DEL a"]);
}

#[test]
fn messages_go_to_replicas_and_not_into_the_file() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let client = &mut server.connect();
    check(
        client,
        "",
        "PUBLISH ch m\nSPUBLISH ch m",
        "0 replicas PUBLISH ch m\n0 replicas SPUBLISH ch m",
    );
    check(
        client,
        "",
        "EVAL 0 | redis.call('publish', 'ch', 'm')",
        "0 replicas publish ch m",
    );
    check(
        client,
        "",
        "EVAL 0 | redis.call('publish', 'ch', 'm') redis.call('set', 'a', 1) redis.call('spublish', 'ch', 'n')",
        "0 MULTI\n0 replicas publish ch m\n0 set a 1\n0 replicas spublish ch n\n0 EXEC",
    );
    check(
        client,
        "",
        "MULTI\nPUBLISH ch m\nEXEC\nMULTI\nSET a 1\nPUBLISH ch m\nEXEC",
        "0 replicas PUBLISH ch m\n0 MULTI\n0 SET a 1\n0 replicas PUBLISH ch m\n0 EXEC",
    );
    check(
        client,
        "",
        "EVAL 0 | redis.call('select', 5) redis.call('publish', 'ch', 'm')",
        "5 replicas publish ch m",
    );
    check(
        client,
        "",
        "EVAL 0 | redis.set_repl(redis.REPL_AOF) redis.call('set', 'a', 1) redis.call('publish', 'ch', 'm')",
        "0 aof set a 1",
    );
    check(
        client,
        "",
        "EVAL 0 | redis.set_repl(redis.REPL_REPLICA) redis.call('publish', 'ch', 'm')",
        "0 replicas publish ch m",
    );
    // What is undone is not sent.
    check(
        client,
        "",
        "EVAL 0 | #!lua flags=atomic\nredis.call('publish', 'ch', 'm') error('x')",
        "",
    );
    // Subscribers of replicas hear of keys from the replicas themselves.
    client.call(&["CONFIG", "SET", "notify-keyspace-events", "KEA"]);
    check(client, "", "SET a 1", "0 SET a 1");
}
