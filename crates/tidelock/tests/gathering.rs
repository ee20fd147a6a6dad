//! Connections go from one event loop to another as load asks for it; their clients notice nothing.

mod support;

use std::time::{Duration, Instant};

use support::{Client, Reply, Server};

const LOOPS: &[&str] = &["--io-threads", "3"];

/// So long small requests are sent: several times as long as event loops take to decide.
const BUSY: Duration = Duration::from_millis(700);

/// Increments the counter as long as `is_enough` does not say so; returns how often.
fn increment(client: &mut Client, counter: &str, is_enough: impl Fn() -> bool) -> i64 {
    (1..)
        .inspect(|&number| assert_eq!(client.call(&["INCR", counter]), Reply::Integer(number)))
        .find(|number| number % 64 == 0 && is_enough())
        .expect("it ends")
}

#[test]
fn clients_keep_their_state_while_event_loops_gather_and_spread() {
    let server = Server::start(LOOPS);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..6 {
            let mut client = server.connect();
            scope.spawn(move || {
                let (name, database) = (format!("client-{number}"), number.to_string());
                client.call(&["CLIENT", "SETNAME", &name]);
                client.call(&["SELECT", &database]);
                increment(&mut client, "counter", || started.elapsed() > BUSY);
                assert_eq!(client.call(&["CLIENT", "GETNAME"]), Reply::bulk(&name));
                let Reply::Bulk(line) = client.call(&["CLIENT", "INFO"]) else {
                    panic!("CLIENT INFO is a text")
                };
                assert!(line.contains(&format!(" db={database} ")), "{line}");
            });
        }
        // Scripts of several slices make them spread in between.
        let mut client = server.connect();
        scope.spawn(move || {
            for _ in 0..3 {
                std::thread::sleep(BUSY / 4);
                client.call(&["EVAL", "for n = 1, 3000000 do end", "0"]);
            }
        });
    });
}

#[test]
fn a_client_that_may_have_moved_is_found() {
    let server = Server::start(LOOPS);
    let mut victims: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    let ids: Vec<i64> = victims
        .iter_mut()
        .map(|victim| victim.call(&["CLIENT", "ID"]).integer())
        .collect();
    let mut client = server.connect();
    let started = Instant::now();
    increment(&mut client, "counter", || started.elapsed() > BUSY);
    let mut observer = server.connect();
    for (victim, id) in victims.iter_mut().zip(ids) {
        assert_eq!(victim.call(&["PING"]), Reply::Status("PONG".into()));
        assert_eq!(
            observer.call(&["CLIENT", "KILL", "ID", &id.to_string()]),
            Reply::Integer(1)
        );
        assert!(victim.is_closed(), "its connection is gone");
    }
}

#[test]
fn subscribers_blocked_and_watching_clients_are_served_where_they_are() {
    let server = Server::start(LOOPS);
    let (mut subscriber, mut blocked) = (server.connect(), server.connect());
    let (mut watching, mut client) = (server.connect(), server.connect());
    subscriber.call(&["SUBSCRIBE", "news"]);
    blocked.send(&["BLPOP", "queue", "0"]);
    watching.call(&["WATCH", "guarded"]);
    let started = Instant::now();
    increment(&mut client, "counter", || started.elapsed() > BUSY);
    client.call(&["PUBLISH", "news", "hello"]);
    client.call(&["RPUSH", "queue", "job"]);
    client.call(&["SET", "guarded", "changed"]);
    assert_eq!(
        subscriber.read(),
        Reply::bulks(&["message", "news", "hello"])
    );
    assert_eq!(blocked.read(), Reply::bulks(&["queue", "job"]));
    watching.call(&["MULTI"]);
    watching.call(&["PING"]);
    assert_eq!(watching.call(&["EXEC"]), Reply::Null);
}
