//! Rows of requests per second: redis-benchmark as the client, 50 connections, pipeline 1 and 32.

use std::process::Command;

use super::process::processor_time;
use super::row::{Row, Sample, Scale, call, float};
use crate::error::Error;
use crate::server::Server;

const CONNECTIONS: &str = "50";

/// Requests of one measurement, by pipeline depth: about a second of work each.
const REQUESTS: &[(usize, usize)] = &[(1, 150_000), (32, 2_000_000)];

const PLAIN: &[&[&str]] = &[
    &["PING"],
    &["GET", "key:__rand_int__"],
    &["SET", "key:__rand_int__", "value-of-16-byte"],
    &["INCR", "counter:__rand_int__"],
    &["LPUSH", "list", "element"],
    &["ZADD", "zset", "1", "member:__rand_int__"],
    &["HSET", "hash:1", "field:__rand_int__", "value"],
];

/// What fills the keys that GET reads: a GET of nothing measures little.
const FILL: &[&str] = &["SET", "key:__rand_int__", "value-of-16-byte"];
/// Requests that leave few of the 100,000 keys out.
const FILL_REQUESTS: usize = 400_000;

const TOKEN_BUCKET: &str = "\
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local capacity, rate, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tokens, at = tonumber(state[1]) or capacity, tonumber(state[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * rate)
local allowed = tokens >= 1
if allowed then tokens = tokens - 1 end
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
redis.call('EXPIRE', KEYS[1], math.ceil(capacity / rate) * 2)
return allowed and 1 or 0";

/// A script and its keys and arguments.
const SCRIPTS: &[(&str, &str, &[&str])] = &[
    ("return 1", "return 1", &["0"]),
    (
        "GET",
        "return redis.call('GET', KEYS[1])",
        &["1", "key:__rand_int__"],
    ),
    (
        "token bucket",
        TOKEN_BUCKET,
        &["1", "bucket:__rand_int__", "100", "10", "1700000000"],
    ),
];

/// All rows of this kind.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for &(depth, requests) in REQUESTS {
        for command in PLAIN {
            let words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            rows.push(row(
                format!("{}, pipeline {depth}", command[0]),
                depth,
                requests,
                None,
                words,
            ));
        }
        for (name, script, tail) in SCRIPTS {
            let tail = tail.iter().map(|word| (*word).to_owned()).collect();
            rows.push(row(
                format!("EVALSHA {name}, pipeline {depth}"),
                depth,
                requests / 2,
                Some(*script),
                tail,
            ));
        }
    }
    rows.push(atomic_token_bucket());
    let long_text = format!("return 1 --{}", "x".repeat(1000));
    let words = vec!["EVAL".to_owned(), long_text, "0".to_owned()];
    rows.push(row(
        "EVAL of a 1 KB text, pipeline 32".to_owned(),
        32,
        500_000,
        None,
        words,
    ));
    let new_text = format!(
        "local a = KEYS[1] or 'none' local n = 0 for i = 1, 3 do n = n + i end return n + __rand_int__ --{}",
        "x".repeat(20)
    );
    let words = vec!["EVAL".to_owned(), new_text, "0".to_owned()];
    rows.push(row(
        "EVAL of a new 120 B text, pipeline 32".to_owned(),
        32,
        100_000,
        None,
        words,
    ));
    rows
}

/// The token bucket as an all-or-nothing script, which redis-server has no like of: there it is as it always is.
fn atomic_token_bucket() -> Row {
    let tail = ["1", "bucket:__rand_int__", "100", "10", "1700000000"].map(str::to_owned);
    let Row {
        name,
        unit,
        more_is_better,
        measure,
    } = row(
        "EVALSHA token bucket, atomic, pipeline 32".to_owned(),
        32,
        1_000_000,
        Some(TOKEN_BUCKET),
        tail.to_vec(),
    );
    Row {
        name,
        unit,
        more_is_better,
        measure: Box::new(move |server, scale| {
            let refused = |source| Error::Connection {
                program: server.program.name.clone(),
                source,
            };
            let mut connection = server.connect()?;
            connection
                .call(&["CONFIG", "SET", "script-atomic", "yes"])
                .map_err(refused)?;
            measure(server, scale)
        }),
    }
}

fn row(
    name: String,
    depth: usize,
    requests: usize,
    script: Option<&'static str>,
    words: Vec<String>,
) -> Row {
    let reads = words[0] == "GET" || name.contains("EVALSHA GET");
    let measure = move |server: &Server, scale: Scale| {
        let mut command = words.clone();
        if let Some(script) = script {
            let mut connection = server.connect()?;
            let sha = call(server, &mut connection, &["SCRIPT", "LOAD", script])?;
            let sha = String::from_utf8_lossy(sha.text().unwrap_or_default()).into_owned();
            command.splice(0..0, ["EVALSHA".to_owned(), sha]);
        }
        if reads {
            let fill: Vec<String> = FILL.iter().map(|word| (*word).to_owned()).collect();
            benchmark(server, 32, scale.of(FILL_REQUESTS), &fill)?;
        }
        benchmark(server, depth, scale.of(requests), &command)
    };
    Row {
        name,
        unit: "requests/s",
        more_is_better: true,
        measure: Box::new(measure),
    }
}

pub(super) fn benchmark(
    server: &Server,
    depth: usize,
    requests: usize,
    command: &[String],
) -> Result<Sample, Error> {
    let before = processor_time(server.pid())?;
    let output = Command::new("redis-benchmark")
        .args([
            "-p",
            &server.port.to_string(),
            "-c",
            CONNECTIONS,
            "-P",
            &depth.to_string(),
        ])
        .args(["-n", &requests.to_string(), "-r", "100000", "--csv"])
        .args(command)
        .output()
        .map_err(|source| Error::Spawn {
            program: "redis-benchmark".to_owned(),
            source,
        })?;
    let used = processor_time(server.pid())? - before;
    let text = String::from_utf8_lossy(&output.stdout);
    // The name in the first column is the command, which may hold commas and quotes: the numbers are counted from the end.
    let rate = text.lines().rev().find_map(|line| {
        let fields: Vec<_> = line.rsplit(',').take(7).collect();
        fields
            .get(6)
            .and_then(|rate| rate.trim_matches('"').parse::<f64>().ok())
    });
    let rate = rate.ok_or_else(|| Error::Failed {
        program: "redis-benchmark".to_owned(),
        output: format!("{text}{}", String::from_utf8_lossy(&output.stderr)),
    })?;
    Ok(Sample {
        value: rate,
        processor: Some(used.as_secs_f64() * 1e6 / float(requests)),
    })
}
