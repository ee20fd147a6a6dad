//! Rows about scripts of several clients at once: how many of them run in a second, whatever keys they declare; and about
//! plain commands beside a slow script.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::parallel::{SCRIPT_TIME, rounds_for, spin};
use super::process::processor_time;
use super::requests::benchmark;
use super::row::{Row, Sample, Scale, call, float};
use crate::error::Error;
use crate::server::Server;

/// How long the clients go on.
const TIME: Duration = Duration::from_secs(3);

/// Requests of plain commands beside a slow script.
const PLAIN_REQUESTS: usize = 1_000_000;

/// CPU-bound work for a few hundred microseconds, on one key.
const SPIN: &str = "\
local n = tonumber(redis.call('GET', KEY)) or 0
for i = 1, 20000 do n = (n * 31 + i) % 1000003 end
redis.call('SET', KEY, n)
return n";

/// What a job queue's library does to add a job, take it and finish it: a few keys are declared, the others are made of a prefix.
const QUEUE: &str = "\
local prefix = KEYS[1]
local options = cmsgpack.unpack(ARGV[1])
local id = redis.call('INCR', prefix .. 'id')
local job = prefix .. id
redis.call('HMSET', job, 'name', options.name, 'data', ARGV[2], 'opts', cjson.encode(options), 'timestamp', ARGV[3])
redis.call('LPUSH', KEYS[2], id)
redis.call('ZADD', prefix .. 'events', ARGV[3], id)
local taken = redis.call('RPOPLPUSH', KEYS[2], KEYS[3])
redis.call('HMSET', prefix .. taken, 'processedOn', ARGV[3])
redis.call('LREM', KEYS[3], 1, taken)
redis.call('ZADD', prefix .. 'completed', ARGV[3], taken)
redis.call('ZREMRANGEBYRANK', prefix .. 'completed', 0, -100)
redis.call('ZREM', prefix .. 'events', taken)
redis.call('DEL', prefix .. taken)
return id";

/// `{name = 'job', attempts = 3}`, packed.
const OPTIONS: &[u8] = b"\x82\xa4name\xa3job\xa8attempts\x03";

/// What a client's command is, given its number.
type Command = fn(usize) -> Vec<Vec<u8>>;

/// All rows of this kind.
pub fn rows() -> Vec<Row> {
    let kinds: [(&str, Command); 4] = [
        ("CPU-bound scripts on different declared keys", |client| {
            let key = format!("key{client}");
            words(&[
                b"EVAL",
                SPIN.replace("KEY", "KEYS[1]").as_bytes(),
                b"1",
                key.as_bytes(),
            ])
        }),
        ("CPU-bound scripts on different undeclared keys", |client| {
            let key = format!("key{client}");
            words(&[
                b"EVAL",
                SPIN.replace("KEY", "ARGV[1]").as_bytes(),
                b"0",
                key.as_bytes(),
            ])
        }),
        ("scripts on job queues of their own", queue),
        ("scripts on one job queue", |_| queue(0)),
    ];
    let mut rows = Vec::new();
    for (name, command) in kinds {
        for (number, clients) in [("one", 1), ("two", 2), ("four", 4)] {
            rows.push(Row {
                name: format!("{name}, {number} at once"),
                unit: "scripts/s",
                more_is_better: true,
                measure: Box::new(move |server, scale| {
                    side_by_side(server, scale, command, clients)
                }),
            });
        }
    }
    for command in ["GET", "SET"] {
        rows.push(Row {
            name: format!("{command}, pipeline 32, beside 50 ms scripts"),
            unit: "requests/s",
            more_is_better: true,
            measure: Box::new(move |server, scale| beside_scripts(server, scale, command)),
        });
    }
    rows
}

fn words(words: &[&[u8]]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.to_vec()).collect()
}

fn queue(client: usize) -> Vec<Vec<u8>> {
    let key = |name: &str| format!("bull:queue{client}:{name}").into_bytes();
    words(&[
        b"EVAL",
        QUEUE.as_bytes(),
        b"3",
        &key(""),
        &key("wait"),
        &key("active"),
        OPTIONS,
        br#"{"to":"somebody@example.org","subject":"hello"}"#,
        b"1700000000000",
    ])
}

/// Clients that send a command each, again and again.
fn side_by_side(
    server: &Server,
    scale: Scale,
    command: Command,
    clients: usize,
) -> Result<Sample, Error> {
    let before = processor_time(server.pid())?;
    let start = Instant::now();
    let end = start + TIME / u32::try_from(scale.0).unwrap_or(1);
    let count: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|client| {
                scope.spawn(move || {
                    let (mut connection, command) = (server.connect()?, command(client));
                    let mut count = 0;
                    while Instant::now() < end {
                        call(server, &mut connection, &command)?;
                        count += 1;
                    }
                    Ok::<_, Error>(count)
                })
            })
            .collect();
        let counts = clients.into_iter();
        counts
            .map(|client| client.join().expect("the thread does not panic"))
            .sum::<Result<usize, Error>>()
    })?;
    let elapsed = start.elapsed();
    let used = processor_time(server.pid())? - before;
    Ok(Sample {
        value: float(count) / elapsed.as_secs_f64(),
        processor: Some(used.as_secs_f64() * 1e6 / float(count)),
    })
}

/// The rate of a plain command while a client runs one slow script after the other on a key of its own.
fn beside_scripts(server: &Server, scale: Scale, command: &str) -> Result<Sample, Error> {
    let rounds = rounds_for(server, SCRIPT_TIME)?;
    let over = AtomicBool::new(false);
    let mut words = vec![command.to_owned(), "key:__rand_int__".to_owned()];
    if command == "SET" {
        words.push("value".to_owned());
    }
    thread::scope(|scope| {
        let scripts = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                spin(server, "spinning", rounds)?;
            }
            Ok::<_, Error>(())
        });
        let sample = benchmark(server, 32, scale.of(PLAIN_REQUESTS), &words);
        over.store(true, Ordering::Relaxed);
        scripts.join().expect("the thread does not panic")?;
        // The scripts' share of the processor is not the commands'.
        sample.map(|sample| Sample {
            processor: None,
            ..sample
        })
    })
}
