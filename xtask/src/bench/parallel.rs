//! Rows about several clients at once: scripts side by side, and the latency of others while a script runs.

use std::thread;
use std::time::{Duration, Instant};

use super::row::{Row, Sample, Scale, call, float};
use crate::error::Error;
use crate::server::Server;

/// CPU-bound work on one declared key.
const SPIN: &str = "\
local n = 0
for i = 1, tonumber(ARGV[1]) do n = (n * 31 + i) % 1000003 end
redis.call('SET', KEYS[1], n)
return n";

/// How long the script of the latency row runs.
pub(super) const SCRIPT_TIME: Duration = Duration::from_millis(50);
/// How long the latency row watches.
const WATCHED: Duration = Duration::from_secs(5);
/// Clients that read meanwhile, and their pause between two GETs.
const READERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(2);

/// All rows of this kind.
pub fn rows() -> Vec<Row> {
    vec![
        Row {
            name: "two CPU-bound scripts on different keys, against one alone".to_owned(),
            unit: "× the time",
            more_is_better: false,
            measure: Box::new(two_scripts),
        },
        Row {
            name: "p99 of GET on other keys while 50 ms scripts run".to_owned(),
            unit: "ms",
            more_is_better: false,
            measure: Box::new(latency_beside_scripts),
        },
    ]
}

pub(super) fn spin(server: &Server, key: &str, rounds: usize) -> Result<Duration, Error> {
    let mut connection = server.connect()?;
    let start = Instant::now();
    call(
        server,
        &mut connection,
        &["EVAL", SPIN, "1", key, &rounds.to_string()],
    )?;
    Ok(start.elapsed())
}

/// How many rounds take `time` on this server.
pub(super) fn rounds_for(server: &Server, time: Duration) -> Result<usize, Error> {
    const PROBE: usize = 300_000;
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        fastest = fastest.min(spin(server, "probe", PROBE)?);
    }
    let rounds = float(PROBE) * time.as_secs_f64() / fastest.as_secs_f64();
    // Truncation is harmless: the rounds are an estimate.
    Ok(rounds as usize)
}

fn two_scripts(server: &Server, scale: Scale) -> Result<Sample, Error> {
    let rounds = rounds_for(
        server,
        Duration::from_millis(1000) / u32::try_from(scale.0).unwrap_or(1),
    )?;
    let alone = spin(server, "alone", rounds)?;
    let start = Instant::now();
    thread::scope(|scope| {
        let other = scope.spawn(|| spin(server, "first", rounds));
        spin(server, "second", rounds)?;
        other.join().expect("the thread does not panic")
    })?;
    Ok(Sample {
        value: start.elapsed().as_secs_f64() / alone.as_secs_f64(),
        processor: None,
    })
}

fn latency_beside_scripts(server: &Server, scale: Scale) -> Result<Sample, Error> {
    let rounds = rounds_for(server, SCRIPT_TIME)?;
    let mut connection = server.connect()?;
    call(server, &mut connection, &["SET", "other", "value"])?;
    let deadline = Instant::now()
        + Duration::from_millis(2000).max(WATCHED / u32::try_from(scale.0).unwrap_or(1));
    let mut latencies = thread::scope(|scope| {
        let scripts = scope.spawn(|| {
            while Instant::now() < deadline {
                spin(server, "spinning", rounds)?;
            }
            Ok::<_, Error>(())
        });
        let readers: Vec<_> = (0..READERS)
            .map(|_| scope.spawn(|| paced_gets(server, deadline)))
            .collect();
        let mut latencies = Vec::new();
        for reader in readers {
            latencies.extend(reader.join().expect("the thread does not panic")?);
        }
        scripts.join().expect("the thread does not panic")?;
        Ok::<_, Error>(latencies)
    })?;
    latencies.sort();
    let p99 = latencies[latencies.len() * 99 / 100];
    Ok(Sample {
        value: p99.as_secs_f64() * 1e3,
        processor: None,
    })
}

/// The latencies of GETs with a pause between them.
fn paced_gets(server: &Server, deadline: Instant) -> Result<Vec<Duration>, Error> {
    let mut connection = server.connect()?;
    let mut latencies = Vec::new();
    while Instant::now() < deadline {
        thread::sleep(PAUSE);
        let start = Instant::now();
        call(server, &mut connection, &["GET", "other"])?;
        latencies.push(start.elapsed());
    }
    Ok(latencies)
}
