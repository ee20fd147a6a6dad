//! Client-side caching: who keeps copies of values and listens never has a stale one for long.

mod support;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use support::{Client, Reply, Server, wait_until};

const KEYS: u64 = 20;

/// A client that keeps copies of what it has read, until it is told that they are none any more.
struct Cache {
    client: Client,
    copies: HashMap<String, Reply>,
}

impl Cache {
    fn new(server: &Server, options: &[&str]) -> Cache {
        let mut client = server.connect();
        client.call(&["HELLO", "3"]);
        client.call(&[&["CLIENT", "TRACKING", "ON"], options].concat());
        Cache {
            client,
            copies: HashMap::new(),
        }
    }

    /// Takes a message for what it is; gives back what is none.
    fn take(&mut self, reply: Reply) -> Option<Reply> {
        let Reply::Many(parts) = &reply else {
            return Some(reply);
        };
        if parts[0] != Reply::bulk("invalidate") {
            return Some(reply);
        }
        match &parts[1] {
            Reply::Null => self.copies.clear(),
            Reply::Many(keys) => {
                for key in keys {
                    let Reply::Bulk(key) = key else {
                        panic!("{key:?} is no key");
                    };
                    self.copies.remove(key);
                }
            }
            other => panic!("{other:?} names no keys"),
        }
        None
    }

    fn call(&mut self, command: &[&str]) -> Reply {
        self.client.send(command);
        loop {
            let reply = self.client.read();
            if let Some(reply) = self.take(reply) {
                return reply;
            }
        }
    }

    fn read(&mut self, key: &str) {
        if !self.copies.contains_key(key) {
            let value = self.call(&["GET", key]);
            self.copies.insert(key.to_owned(), value);
        }
    }
}

/// Changes keys in one way after the other, and fails to in some.
fn write(client: &mut Client, turn: u64) {
    let key = &format!("key:{}", turn * 7 % KEYS);
    let other = &format!("key:{}", turn * 3 % KEYS);
    match turn % 7 {
        0 => drop(client.call(&["SET", key, &turn.to_string()])),
        1 => drop(client.call(&["INCR", key])),
        2 => drop(client.call(&["DEL", key, other])),
        3 => {
            for command in [&["MULTI"][..], &["INCR", key], &["SET", other, "0"]] {
                client.call(command);
            }
            client.call(&["EXEC"]);
        }
        4 => {
            let script = "redis.call('INCR', KEYS[1]) redis.call('INCR', KEYS[2])";
            client.call(&["EVAL", script, "2", key, other]);
        }
        5 => {
            let script = "#!lua flags=atomic\nredis.call('SET', KEYS[1], 'no') error('x')";
            client.call(&["EVAL", script, "1", key]);
        }
        _ => drop(client.call(&["SET", key, "0", "PX", "1"])),
    }
}

#[test]
fn copies_are_never_stale_once_the_server_has_answered() {
    let server = Server::start(&["--io-threads", "2", "--tracking-table-max-keys", "15"]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (server, done) = (&server, &done);
        let writers: Vec<_> = (0..2u64)
            .map(|number| {
                scope.spawn(move || {
                    let mut client = server.connect();
                    (0..3000).for_each(|turn| write(&mut client, turn * 2 + number));
                })
            })
            .collect();
        let readers: Vec<_> = [&[][..], &[], &["NOLOOP"], &["BCAST"]]
            .into_iter()
            .map(|options| {
                scope.spawn(move || {
                    let mut cache = Cache::new(server, options);
                    let mut turn = 0;
                    while !done.load(Ordering::Relaxed) {
                        cache.read(&format!("key:{}", turn * 11 % KEYS));
                        turn += 1;
                        if turn % 20 == 0 {
                            cache.call(&["PING"]);
                        }
                    }
                    cache
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("a writer ends");
        }
        done.store(true, Ordering::Relaxed);
        let mut checker = server.connect();
        wait_until(
            "the last keys with an expiry do not go",
            || matches!(checker.call(&["INFO", "keyspace"]), Reply::Bulk(info) if !info.contains("expires=") || info.contains("expires=0")),
        );
        for reader in readers {
            let mut cache = reader.join().expect("a reader ends");
            cache.call(&["PING"]);
            for (key, copy) in &cache.copies {
                assert_eq!(*copy, checker.call(&["GET", key]), "{key}");
            }
        }
    });
}

#[test]
fn nobody_hears_of_what_is_undone() {
    let server = Server::start(&["--multi-atomic", "yes"]);
    let mut client = server.connect();
    let mut cache = Cache::new(&server, &[]);
    for options in [&[][..], &["BCAST"]] {
        cache.call(&["CLIENT", "TRACKING", "OFF"]);
        cache.call(&[&["CLIENT", "TRACKING", "ON"], options].concat());
        for key in ["a", "b"] {
            cache.copies.remove(key);
            cache.read(key);
        }
        let script =
            "#!lua flags=atomic\nredis.call('SET', 'a', '1') redis.call('FLUSHALL') error('x')";
        client.call(&["EVAL", script, "0"]);
        client.call(&["MULTI"]);
        client.call(&["SET", "a", "1"]);
        client.call(&["LPUSH", "a", "1"]);
        assert!(matches!(client.call(&["EXEC"]), Reply::Error(_)));
        cache.call(&["PING"]);
        assert_eq!(cache.copies.len(), 2);
        let script = "#!lua flags=atomic\nredis.call('SET', 'a', '1')";
        client.call(&["EVAL", script, "0"]);
        cache.call(&["PING"]);
        assert_eq!(cache.copies.keys().collect::<Vec<_>>(), ["b"]);
        client.call(&["MULTI"]);
        client.call(&["SET", "b", "1"]);
        client.call(&["EXEC"]);
        cache.call(&["PING"]);
        assert!(cache.copies.is_empty());
    }
}

#[test]
fn a_redirection_that_breaks_is_told() {
    let server = Server::start(&["--io-threads", "2"]);
    let mut client = server.connect();
    let mut target = server.connect();
    let id = target.call(&["CLIENT", "ID"]).integer().to_string();
    let mut cache = Cache::new(&server, &["REDIRECT", &id]);
    cache.read("a");
    client.call(&["SET", "a", "1"]);
    target.call(&["SUBSCRIBE", "__redis__:invalidate"]);
    cache.copies.clear();
    cache.read("a");
    client.call(&["SET", "a", "2"]);
    let key = Reply::bulks(&["a"]);
    let channel = Reply::bulk("__redis__:invalidate");
    let told = Reply::Many(vec![Reply::bulk("message"), channel, key]);
    assert_eq!(target.read(), told);
    cache.copies.clear();
    cache.read("a");
    target.call(&["QUIT"]);
    client.call(&["SET", "a", "3"]);
    let broken = Reply::Many(vec![
        Reply::bulk("tracking-redir-broken"),
        Reply::Integer(id.parse().expect("an id")),
    ]);
    assert_eq!(cache.client.read(), broken);
    let Reply::Many(info) = cache.call(&["CLIENT", "TRACKINGINFO"]) else {
        panic!("TRACKINGINFO is a map");
    };
    assert_eq!(info[1], Reply::bulks(&["on", "broken_redirect"]));
}
