//! Random programs must print the same on the engine and on Debian's `lua5.1`.
//!
//! `RANDOM_PROGRAMS_SECONDS` (default 10) bounds the run and `RANDOM_PROGRAMS_SEED` (default: from
//! the clock) fixes its first program; with `RANDOM_PROGRAMS_PRINT` set they are shown. A failure prints the seed, the lines that differ and the
//! smallest set of blocks that still shows it.

#![forbid(unsafe_code)]

#[path = "golden/case_file.rs"]
mod case_file;
#[path = "golden/driver.rs"]
mod driver;
#[path = "golden/engine.rs"]
mod engine;
#[path = "random_programs/generator.rs"]
mod generator;
#[path = "golden/program.rs"]
mod program;

use generator::{Generator, PRELUDE};
use std::env;
use std::ffi::OsStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const ORACLE: &str = "lua5.1";
const LIMIT: Duration = Duration::from_secs(10);
const NO_COLLECTIONS: &str = "collectgarbage('stop') function collectgarbage() return 0 end ";
const MOST_FAILURES: usize = 5;
/// Longest time for making one failing program smaller.
const SHRINKING: Duration = Duration::from_secs(40);

#[test]
fn random_programs_print_the_same_on_both_engines() {
    if !program::is_installed(ORACLE) {
        println!("SKIPPED: `{ORACLE}` is not on the path, so there is nothing to compare with");
        return;
    }
    let seconds = variable("RANDOM_PROGRAMS_SECONDS").unwrap_or(10);
    let first = variable("RANDOM_PROGRAMS_SEED").unwrap_or_else(|| {
        let clock = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_millis());
        u64::try_from(clock).unwrap_or(0)
    });
    println!("first seed: {first}");
    let started = Instant::now();
    let mut count = 0;
    let mut failed = Vec::new();
    while started.elapsed() < Duration::from_secs(seconds) && failed.len() < MOST_FAILURES {
        let seed = first.wrapping_add(count);
        count += 1;
        let blocks = Generator::new(seed).blocks();
        if env::var_os("RANDOM_PROGRAMS_PRINT").is_some() {
            println!("-- seed {seed}\n{PRELUDE}{}", blocks.concat());
        }
        if difference(&blocks).is_some() {
            let smaller = shrink(blocks);
            let lines = difference(&smaller).unwrap_or_else(|| "it does not repeat".to_owned());
            println!("== seed {seed}\n{lines}\n{}", smaller.concat());
            failed.push(seed);
        }
    }
    println!("{count} programs compared in {:?}", started.elapsed());
    assert!(
        failed.is_empty(),
        "programs of these seeds differ: {failed:?}"
    );
}

fn variable(name: &str) -> Option<u64> {
    env::var(name)
        .ok()
        .map(|text| text.parse().expect("the variable is a whole number"))
}

/// The first lines that differ, or `None` if both engines print the same.
fn difference(blocks: &[String]) -> Option<String> {
    let program = format!("{PRELUDE}{}", blocks.concat());
    // In Lua 5.1 a collection makes the keys of removed fields unknown to their table, so that its
    // order after them depends on when it ran. We keep them; the oracle runs without collections.
    let source = driver::driver(&format!("{NO_COLLECTIONS}{program}"));
    let oracle = program::run_source(OsStr::new(ORACLE), &[], source.as_bytes(), LIMIT);
    let oracle = oracle.expect("the oracle starts");
    if !oracle.status.is_some_and(|status| status.success()) {
        // Too slow or too big for the oracle: it lost what it had printed.
        return None;
    }
    let theirs = print_of(&oracle.transcript());
    let ours = print_of(&engine::output(&driver::driver(&program)));
    if ours == theirs {
        return None;
    }
    let pairs = theirs
        .lines()
        .chain(["[end]"])
        .zip(ours.lines().chain(["[end]"]));
    let (expected, printed) = pairs.into_iter().find(|(left, right)| left != right)?;
    Some(format!("  - {expected}\n  + {printed}"))
}

/// The sign of a NaN is that of the last operation of the machine, not of the language.
fn print_of(output: &[u8]) -> String {
    case_file::printable(output).replace("-nan", "nan")
}

/// Leaves out every block, and then every run of lines, that the difference does not need. What no
/// longer compiles prints the same on both engines, so it is never taken for smaller.
fn shrink(blocks: Vec<String>) -> Vec<String> {
    let started = Instant::now();
    let lines = |blocks: &[String]| -> Vec<String> {
        blocks
            .concat()
            .lines()
            .map(|line| format!("{line}\n"))
            .collect()
    };
    let blocks = without_needless(blocks, 1, started);
    let mut parts = lines(&blocks);
    let mut size = parts.len() / 2;
    while size > 0 {
        let before = parts.len();
        parts = without_needless(parts, size, started);
        if parts.len() == before || size > 1 {
            size /= 2;
        }
    }
    parts
}

/// Leaves out runs of `size` parts as long as the difference stays.
fn without_needless(mut parts: Vec<String>, size: usize, started: Instant) -> Vec<String> {
    let mut at = 0;
    while at < parts.len() && started.elapsed() < SHRINKING {
        let mut without = parts.clone();
        without.drain(at..(at + size).min(parts.len()));
        if difference(&without).is_some() {
            parts = without;
        } else {
            at += size.div_ceil(2);
        }
    }
    parts
}

#[test]
fn a_seed_gives_the_same_program_again() {
    assert_eq!(Generator::new(5).blocks(), Generator::new(5).blocks());
    assert_ne!(Generator::new(5).blocks(), Generator::new(6).blocks());
}
