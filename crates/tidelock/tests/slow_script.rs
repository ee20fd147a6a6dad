//! A script that runs for long, on the only event loop there is: whoever needs no lock of its goes on.

mod support;

use std::time::{Duration, Instant};

use support::{Reply, Server, wait_until};

/// Clients beside the script.
const CLIENTS: usize = 200;

/// What each of them does.
const ROUNDS: usize = 5;

#[test]
fn others_go_on_beside_a_slow_script_on_one_event_loop() {
    let server = Server::start(&["--io-threads", "1", "--busy-reply-threshold", "50"]);
    let mut slow = server.connect();
    slow.send(&[
        "EVAL",
        "redis.call('INCR', KEYS[1]) while true do redis.call('GET', KEYS[1]) end",
        "1",
        "slow",
    ]);
    let mut operator = server.connect();
    let begun = Instant::now();
    let is_busy = |reply: &Reply| matches!(reply, Reply::Error(text) if text.starts_with("BUSY"));
    wait_until("the script is never overdue", || {
        is_busy(&operator.call(&["GET", "slow"]))
    });
    // Keys of other shards than the script's: those it holds are answered with -BUSY.
    let keys: Vec<String> = (0..)
        .map(|n| format!("key:{n}"))
        .take(CLIENTS * 2)
        .collect();
    let free: Vec<&String> = keys
        .iter()
        .filter(|key| !is_busy(&operator.call(&["SET", key, "0"])))
        .take(CLIENTS)
        .collect();
    assert_eq!(free.len(), CLIENTS, "the script holds too much");
    let mut clients: Vec<_> = free.iter().map(|_| server.connect()).collect();
    let mut waits = Vec::new();
    for round in 1..=ROUNDS {
        for (client, key) in clients.iter_mut().zip(&free) {
            let sent = Instant::now();
            assert_eq!(client.call(&["INCR", key]), Reply::Integer(round as i64));
            waits.push(sent.elapsed());
        }
    }
    waits.sort_unstable();
    println!(
        "beside the script: p50 {:?}, p99 {:?}, longest {:?}",
        waits[waits.len() / 2],
        waits[waits.len() * 99 / 100],
        waits[waits.len() - 1]
    );
    // A new connection, and what an operator asks.
    let mut new = server.connect();
    assert_eq!(new.call(&["PING"]), Reply::Status("PONG".to_owned()));
    for question in [&["INFO", "everything"][..], &["CLIENT", "LIST"]] {
        assert!(matches!(new.call(question), Reply::Bulk(_)), "{question:?}");
    }
    let Reply::Error(refusal) = operator.call(&["SCRIPT", "KILL"]) else {
        panic!("a script that has written is not to be killed");
    };
    assert!(refusal.starts_with("UNKILLABLE"), "{refusal}");
    println!("all of it took {:?}", begun.elapsed());
}

#[test]
fn a_script_whose_calls_take_long_gives_way_after_a_few() {
    // Few instructions, no large arguments, no large reply: only the clock tells.
    let server = Server::start(&["--io-threads", "1"]);
    let mut client = server.connect();
    client.call(&["SETRANGE", "bits", "16000000", "x"]);
    let sent = Instant::now();
    client.call(&["BITCOUNT", "bits"]);
    let one_call = sent.elapsed();
    let mut slow = server.connect();
    slow.send(&[
        "EVAL",
        "while true do redis.call('BITCOUNT', KEYS[1]) end",
        "1",
        "bits",
    ]);
    wait_until("the script never starts", || {
        client.call(&["PING"]);
        let Reply::Bulk(list) = client.call(&["CLIENT", "LIST"]) else {
            panic!("CLIENT LIST is a text");
        };
        list.contains("cmd=eval")
    });
    // The machine may be slow at any time, but hardly always; before, every wait was as long as hundreds of calls.
    let shortest = (0..10).map(|_| {
        let sent = Instant::now();
        assert_eq!(client.call(&["PING"]), Reply::Status("PONG".to_owned()));
        sent.elapsed()
    });
    let shortest = shortest.min().unwrap_or_default();
    println!("a call takes {one_call:?}, the shortest wait took {shortest:?}");
    assert!(
        shortest < 50 * one_call + Duration::from_millis(50),
        "{shortest:?} for calls of {one_call:?}"
    );
    wait_until("the script is never killed", || {
        client.call(&["SCRIPT", "KILL"]) == Reply::Status("OK".to_owned())
    });
    assert!(matches!(slow.read(), Reply::Error(text) if text.contains("killed by user")));
}
