//! Many clients at once on several event loops: nothing is lost, doubled, reordered or stuck.

mod support;

use std::time::{Duration, Instant};

use support::{Choices, Client, Reply, Server, wait_until};

const LOOPS: &[&str] = &["--io-threads", "2", "--io-threads-gather", "no"];

fn balance(client: &mut Client, account: &str) -> i64 {
    client.call(&["GET", account]).integer()
}

/// Moves money between two accounts under WATCH; tells whether it did.
fn transfer(client: &mut Client, from: &str, to: &str, amount: i64) -> bool {
    client.call(&["WATCH", from, to]);
    let (left, right) = (balance(client, from), balance(client, to));
    client.send(&["MULTI"]);
    client.send(&["SET", from, &(left - amount).to_string()]);
    client.send(&["SET", to, &(right + amount).to_string()]);
    client.send(&["EXEC"]);
    for _ in 0..3 {
        client.read();
    }
    client.read() != Reply::Null
}

#[test]
fn transfers_under_watch_conserve_the_sum() {
    const ACCOUNTS: u64 = 6;
    const OPENING: i64 = 1000;
    let server = Server::start(LOOPS);
    let name = |account: u64| format!("account:{account}");
    let mut auditor = server.connect();
    for account in 0..ACCOUNTS {
        auditor.call(&["SET", &name(account), &OPENING.to_string()]);
    }
    let names: Vec<String> = (0..ACCOUNTS).map(name).collect();
    let mut read_all = vec!["MGET"];
    read_all.extend(names.iter().map(String::as_str));

    let end = Instant::now() + Duration::from_secs(3);
    let done: u64 = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8u64)
            .map(|number| {
                let (server, names) = (&server, &names);
                scope.spawn(move || {
                    let mut client = server.connect();
                    let mut choices = Choices(number);
                    let mut done = 0;
                    while Instant::now() < end {
                        let from = choices.below(ACCOUNTS);
                        let to = (from + 1 + choices.below(ACCOUNTS - 1)) % ACCOUNTS;
                        let amount = choices.below(50) as i64;
                        let (from, to) = (&names[from as usize], &names[to as usize]);
                        done += u64::from(transfer(&mut client, from, to, amount));
                    }
                    done
                })
            })
            .collect();
        while Instant::now() < end {
            let Reply::Many(balances) = auditor.call(&read_all) else {
                panic!("MGET gives an array");
            };
            let sum: i64 = balances.iter().map(Reply::integer).sum();
            assert_eq!(
                sum,
                OPENING * ACCOUNTS as i64,
                "a transfer was seen in half"
            );
        }
        let counts = clients.into_iter().map(|client| client.join());
        counts.map(|count| count.expect("no client fails")).sum()
    });
    assert!(done > 0, "no transfer went through");
}

#[test]
fn a_thousand_blocked_clients_time_out_in_time() {
    const CLIENTS: usize = 1000;
    let server = Server::start(LOOPS);
    let start = Instant::now();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(&["BLPOP", &format!("queue:{}", number % 50), "0.5"]);
    }
    for client in &mut clients {
        assert_eq!(client.read(), Reply::Null);
    }
    println!("the time-outs took {:?}", start.elapsed());
    // Nobody is left in the queues: what is pushed stays.
    let mut client = server.connect();
    assert_eq!(
        client.call(&["RPUSH", "queue:1", "left"]),
        Reply::Integer(1)
    );
    assert_eq!(client.call(&["LPOP", "queue:1"]), Reply::bulk("left"));
}

#[test]
fn blocked_clients_get_each_element_once_in_the_order_they_came() {
    const CLIENTS: usize = 500;
    let server = Server::start(LOOPS);
    let mut pusher = server.connect();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(&["BLPOP", "queue", "0"]);
        // One after the other, so that the order is known.
        let blocked = format!("blocked_clients:{}\r\n", number + 1);
        wait_until(
            "a client does not block",
            || matches!(pusher.call(&["INFO", "clients"]), Reply::Bulk(info) if info.contains(&blocked)),
        );
    }
    // Some leave before they are served.
    let left = |number: usize| number % 7 == 3;
    let mut number = 0;
    clients.retain(|_| {
        number += 1;
        !left(number - 1)
    });
    let blocked = format!("blocked_clients:{}\r\n", clients.len());
    wait_until(
        "those who left are still blocked",
        || matches!(pusher.call(&["INFO", "clients"]), Reply::Bulk(info) if info.contains(&blocked)),
    );
    for number in 0..clients.len() {
        pusher.send(&["RPUSH", "queue", &format!("element:{number}")]);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let expected = Reply::bulks(&["queue", &format!("element:{number}")]);
        assert_eq!(client.read(), expected);
    }
    for _ in 0..clients.len() {
        pusher.read();
    }
    assert_eq!(pusher.call(&["EXISTS", "queue"]), Reply::Integer(0));
}

#[test]
fn messages_reach_every_subscriber_in_order() {
    const MESSAGES: usize = 500;
    let server = Server::start(LOOPS);
    let mut subscribers: Vec<Client> = (0..6).map(|_| server.connect()).collect();
    for (number, client) in subscribers.iter_mut().enumerate() {
        if number % 2 == 1 {
            client.call(&["HELLO", "3"]);
        }
        client.call(&["SUBSCRIBE", "news"]);
    }
    std::thread::scope(|scope| {
        for publisher in 0..2 {
            let server = &server;
            scope.spawn(move || {
                let mut client = server.connect();
                for number in 0..MESSAGES {
                    client.send(&["PUBLISH", "news", &format!("{publisher}:{number}")]);
                }
                for _ in 0..MESSAGES {
                    assert_eq!(client.read(), Reply::Integer(6));
                }
            });
        }
        for client in &mut subscribers {
            let mut next = [0; 2];
            for _ in 0..2 * MESSAGES {
                let Reply::Many(message) = client.read() else {
                    panic!("a message is an array or a push");
                };
                assert_eq!(message[..2], [Reply::bulk("message"), Reply::bulk("news")]);
                let Reply::Bulk(text) = &message[2] else {
                    panic!("a message has a text");
                };
                let (publisher, number) = text.split_once(':').expect("as it was sent");
                let next = &mut next[usize::from(publisher == "1")];
                assert_eq!(
                    number,
                    next.to_string(),
                    "messages of one client keep their order"
                );
                *next += 1;
            }
        }
    });
}

#[test]
fn a_client_that_reads_late_gets_all_its_replies() {
    const REQUESTS: usize = 2000;
    let server = Server::start(LOOPS);
    let mut client = server.connect();
    client.call(&["SET", "text", &"x".repeat(10_000)]);
    // The replies are more than the system's buffers hold.
    let mut requests = String::new();
    for number in 0..REQUESTS {
        let number = number.to_string();
        requests += &format!(
            "*2\r\n$3\r\nGET\r\n$4\r\ntext\r\n*2\r\n$4\r\nECHO\r\n${}\r\n{number}\r\n",
            number.len()
        );
    }
    client.send_bytes(requests.as_bytes());
    std::thread::sleep(Duration::from_millis(300));
    let mut other = server.connect();
    assert_eq!(other.call(&["PING"]), Reply::Status("PONG".to_owned()));
    for number in 0..REQUESTS {
        assert!(matches!(client.read(), Reply::Bulk(text) if text.len() == 10_000));
        assert_eq!(client.read(), Reply::bulk(&number.to_string()));
    }
}

#[test]
fn paused_clients_go_on_in_order() {
    let server = Server::start(LOOPS);
    let mut operator = server.connect();
    let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    operator.call(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    for client in &mut clients {
        for _ in 0..20 {
            client.send(&["INCR", "counter"]);
        }
    }
    assert_eq!(operator.call(&["GET", "counter"]), Reply::Null);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(operator.call(&["GET", "counter"]), Reply::Null);
    operator.call(&["CLIENT", "UNPAUSE"]);
    let mut seen = Vec::new();
    for client in &mut clients {
        let values: Vec<i64> = (0..20).map(|_| client.read().integer()).collect();
        assert!(values.is_sorted(), "one client's commands run in order");
        seen.extend(values);
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=160).collect::<Vec<i64>>());
}

#[test]
fn a_library_has_one_state_for_all_event_loops() {
    const CALLS: i64 = 400;
    let server = Server::start(LOOPS);
    let counter = "#!lua name=counter
        local n = 0
        redis.register_function('count', function(keys) n = n + 1 redis.call('INCR', keys[1]) return n end)";
    let version = |number: usize| {
        format!(
            "#!lua name=version
            redis.register_function('a', function(keys) redis.call('INCR', keys[1]) return {number} end)
            redis.register_function('b', function() return {number} end)"
        )
    };
    let mut loader = server.connect();
    loader.call(&["FUNCTION", "LOAD", counter]);
    loader.call(&["FUNCTION", "LOAD", &version(0)]);
    let mut counts: Vec<i64> = std::thread::scope(|scope| {
        let server = &server;
        let callers: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn(move || {
                    let mut client = server.connect();
                    let key = format!("key:{number}");
                    let mut counts = Vec::new();
                    for turn in 0..CALLS {
                        if turn % 4 != 0 {
                            counts.push(client.call(&["FCALL", "count", "1", &key]).integer());
                            continue;
                        }
                        client.call(&["MULTI"]);
                        client.call(&["FCALL", "a", "1", &key]);
                        client.call(&["FCALL", "count", "1", &key]);
                        client.call(&["FCALL", "b", "0"]);
                        let Reply::Many(replies) = client.call(&["EXEC"]) else {
                            panic!("EXEC gives an array");
                        };
                        assert_eq!(replies[0], replies[2], "a library changed within EXEC");
                        counts.push(replies[1].integer());
                    }
                    counts
                })
            })
            .collect();
        for number in 1..50 {
            loader.call(&["FUNCTION", "LOAD", "REPLACE", &version(number)]);
            std::thread::sleep(Duration::from_millis(2));
        }
        let counts = callers.into_iter().map(|caller| caller.join());
        counts
            .flat_map(|counts| counts.expect("no client fails"))
            .collect()
    });
    counts.sort_unstable();
    assert!(
        counts.into_iter().eq(1..=4 * CALLS),
        "a call was lost or counted twice"
    );
}
