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
const MOST_FAILURES: usize = 5;

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
    let source = driver::driver(&format!("{PRELUDE}{}", blocks.concat()));
    let ours = print_of(&engine::output(&source));
    let oracle = program::run_source(OsStr::new(ORACLE), &[], source.as_bytes(), LIMIT);
    let theirs = print_of(&oracle.expect("the oracle starts").transcript());
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

/// Leaves out every block that the difference does not need.
fn shrink(mut blocks: Vec<String>) -> Vec<String> {
    let mut at = 0;
    while at < blocks.len() {
        let mut without = blocks.clone();
        without.remove(at);
        if difference(&without).is_some() {
            blocks = without;
        } else {
            at += 1;
        }
    }
    blocks
}

#[test]
fn a_seed_gives_the_same_program_again() {
    assert_eq!(Generator::new(5).blocks(), Generator::new(5).blocks());
    assert_ne!(Generator::new(5).blocks(), Generator::new(6).blocks());
}
