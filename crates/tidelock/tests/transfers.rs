//! Many clients move money between random accounts at once, with scripts that declare their keys and scripts that do
//! not, scripts that fail half-way and are undone, transactions, and scripts that take longer than a slice: whoever
//! looks, the sum is the same, and no script ever fails because of the keys it did not declare.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::{Choices, Client, Reply, Server};

const ACCOUNTS: u64 = 12;
const OPENING: i64 = 1000;

const DECLARED: &str = "\
redis.call('DECRBY', KEYS[1], ARGV[1]) redis.call('INCRBY', KEYS[2], ARGV[1]) return 'moved'";

const UNDECLARED: &str = "\
redis.call('DECRBY', ARGV[2], ARGV[1]) redis.call('INCRBY', ARGV[3], ARGV[1]) return 'moved'";

/// Moves through a third account and a list, and takes more than a slice now and then.
const SLOW: &str = "\
redis.call('DECRBY', ARGV[2], ARGV[1])
redis.call('RPUSH', 'log', ARGV[2] .. '>' .. ARGV[3])
for n = 1, tonumber(ARGV[4]) do end
if redis.call('LLEN', 'log') > 50 then redis.call('LTRIM', 'log', -10, -1) end
redis.call('INCRBY', ARGV[3], ARGV[1]) return 'moved'";

const FAILS_HALF_WAY: &str = "#!lua flags=atomic
redis.call('DECRBY', ARGV[2], ARGV[1])
redis.call('INCRBY', ARGV[3], ARGV[1] * 2)
for n = 1, tonumber(ARGV[4]) do end
redis.rollback('HALF way')";

const SUM: &str = "\
local sum = 0 for n = 0, ARGV[1] - 1 do sum = sum + redis.call('GET', 'account:' .. n) end return sum";

fn name(account: u64) -> String {
    format!("account:{account}")
}

fn transfer(client: &mut Client, choices: &mut Choices) {
    let from = choices.below(ACCOUNTS);
    let to = (from + 1 + choices.below(ACCOUNTS - 1)) % ACCOUNTS;
    let (from, to) = (name(from), name(to));
    let amount = choices.below(50).to_string();
    // Mostly short, sometimes several slices long.
    let work = if choices.below(40) == 0 { 300_000 } else { 10 }.to_string();
    let reply = match choices.below(6) {
        0 => client.call(&["EVAL", DECLARED, "2", &from, &to, &amount]),
        1 | 2 => client.call(&["EVAL", UNDECLARED, "0", &amount, &from, &to]),
        3 => client.call(&["EVAL", SLOW, "1", &from, &amount, &from, &to, &work]),
        4 => {
            let reply = client.call(&["EVAL", FAILS_HALF_WAY, "0", &amount, &from, &to, &work]);
            assert_eq!(reply, Reply::Error("HALF way".to_owned()));
            Reply::bulk("moved")
        }
        _ => {
            client.send(&["MULTI"]);
            client.send(&["DECRBY", &from, &amount]);
            client.send(&["EVAL", UNDECLARED, "0", "0", &to, &from]);
            client.send(&["INCRBY", &to, &amount]);
            client.send(&["EXEC"]);
            for _ in 0..4 {
                client.read();
            }
            match client.read() {
                Reply::Many(replies) => replies[1].clone(),
                other => other,
            }
        }
    };
    assert_eq!(reply, Reply::bulk("moved"));
}

fn sum(client: &mut Client, choices: &mut Choices) -> i64 {
    if choices.below(2) == 0 {
        return client
            .call(&["EVAL", SUM, "0", &ACCOUNTS.to_string()])
            .integer();
    }
    let names: Vec<String> = (0..ACCOUNTS).map(name).collect();
    let mut command = vec!["MGET"];
    command.extend(names.iter().map(String::as_str));
    match client.call(&command) {
        Reply::Many(values) => values.iter().map(Reply::integer).sum(),
        other => panic!("{other:?}"),
    }
}

fn play(loops: &str) {
    let server = Server::start(&["--io-threads", loops, "--io-threads-gather", "no"]);
    let mut auditor = server.connect();
    for account in 0..ACCOUNTS {
        auditor.call(&["SET", &name(account), &OPENING.to_string()]);
    }
    let end = Instant::now() + Duration::from_secs(4);
    let moved = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for number in 0..8u64 {
            let (server, moved) = (&server, &moved);
            scope.spawn(move || {
                let (mut client, mut choices) = (server.connect(), Choices(number));
                while Instant::now() < end {
                    transfer(&mut client, &mut choices);
                    moved.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut choices = Choices(99);
        while Instant::now() < end {
            let sum = sum(&mut auditor, &mut choices);
            assert_eq!(sum, ACCOUNTS as i64 * OPENING);
        }
    });
    assert!(moved.load(Ordering::Relaxed) > 0, "nothing moved");
    assert_eq!(
        sum(&mut auditor, &mut Choices(1)),
        ACCOUNTS as i64 * OPENING
    );
}

#[test]
fn sums_are_conserved_on_several_loops() {
    play("4");
}

#[test]
fn sums_are_conserved_on_one_loop() {
    play("1");
}
