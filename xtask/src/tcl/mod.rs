//! The open Tcl suite of Redis's source package, run as a black box and held against the recorded failures.
//!
//! External mode starts a fresh server per unit, because the suite leaves a server's configuration changed; DEBUG and
//! protected directives are allowed, and `--durable` goes on after a test that raises. Embedded mode puts the subject
//! in the place of `src/redis-server` and lets the suite start it.

mod output;
mod record;
mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::Tally;
use crate::arguments::Arguments;
use crate::error::Error;
use crate::server::{Program, Server};
use output::Verdict;
use record::Record;

/// The units of the families that Tidelock has.
const UNITS: &[&str] = &[
    "unit/type/string",
    "unit/type/incr",
    "unit/type/list",
    "unit/type/list-2",
    "unit/type/list-3",
    "unit/type/hash",
    "unit/type/set",
    "unit/type/zset",
    "unit/keyspace",
    "unit/expire",
    "unit/scan",
    "unit/sort",
    "unit/multi",
    "unit/pubsub",
    "unit/pubsubshard",
    "unit/protocol",
    "unit/bitops",
    "unit/bitfield",
    "unit/scripting",
    "unit/functions",
    "unit/tracking",
];

/// The units that run more tests when the suite starts the servers itself.
const EMBEDDED_UNITS: &[&str] = &[
    "unit/type/list",
    "unit/type/set",
    "unit/keyspace",
    "unit/expire",
    "unit/multi",
    "unit/pubsub",
    "unit/pubsubshard",
    "unit/protocol",
    "unit/bitfield",
    "unit/scripting",
    "unit/functions",
    "unit/tracking",
];

/// Seconds without progress after which the suite gives up on a unit.
const PATIENCE: &str = "60";

/// Ports for the suite's own servers: ranges below the kernel's ephemeral ports.
const FIRST_PORT: u32 = 12_100;
const PORT_COUNT: u32 = 1_000;
const PORT_RANGES: u32 = 18;

/// Lines shown of a run that broke off.
const UNFINISHED_LINES: usize = 15;

/// Runs the units named, or all of them.
pub fn run(mut arguments: Arguments) -> Result<Tally, Error> {
    let source = arguments.take("source").map(PathBuf::from);
    let source = source
        .ok_or_else(|| Error::Usage("--source DIR: an unpacked redis source package".to_owned()))?;
    let embedded = arguments.flag("embedded");
    let recording = arguments.flag("record");
    let verbose = arguments.flag("verbose");
    let subject = Program::subject(&mut arguments)?;
    let mut units = arguments.finish()?;
    if units.is_empty() {
        let all = if embedded { EMBEDDED_UNITS } else { UNITS };
        units = all.iter().map(|unit| (*unit).to_owned()).collect();
    }
    let mut record = Record::read(if embedded { "embedded-" } else { "" })?;
    let traits = Traits::of(&subject)?;
    if !traits.functions {
        println!(
            "{} has no FUNCTION: the FCALL half of unit/scripting is left out",
            subject.name
        );
    }
    let tree = tree::prepare(&source, &subject, &traits)?;

    let mut tally = Tally::default();
    println!(
        "{:<22} {:>6} {:>6} {:>6} {:>8}",
        "unit", "passed", "failed", "known", "seconds"
    );
    for unit in &units {
        let start = Instant::now();
        let skipped = record.skipped(unit);
        let output = if embedded {
            suite(tree.path(), unit, &skipped, &[])?
        } else {
            external(tree.path(), unit, &skipped, &subject, &traits)?
        };
        let verdict = output::read(&output, unit);
        let known = verdict
            .failed
            .iter()
            .filter(|(test, _)| record.is_known(unit, test))
            .count();
        let (passed, failed) = (verdict.passed, verdict.failed.len());
        println!(
            "{unit:<22} {passed:>6} {failed:>6} {known:>6} {:>8.1}",
            start.elapsed().as_secs_f64()
        );
        if verbose {
            println!("{output}");
        }
        tally.passed += passed + known;
        if recording {
            note(&mut record, unit, &verdict);
        } else {
            tally.failed += complain(&record, unit, &verdict);
            if !verdict.finished {
                let lines: Vec<_> = output.lines().collect();
                println!(
                    "{}",
                    lines[lines.len().saturating_sub(UNFINISHED_LINES)..].join("\n")
                );
            }
        }
    }
    if recording {
        record.write()?;
    }
    Ok(tally)
}

/// What the suite has to know of a server that is not quite redis-server.
#[derive(Debug)]
struct Traits {
    /// It has function libraries.
    functions: bool,
    /// It answers BUSY to those alone who need a slow script's keys, unless told otherwise.
    busy_reply_scope: bool,
}

/// The directive that makes a slow script keep everybody waiting, as the suite takes it for granted.
const BUSY_FOR_ALL: [&str; 2] = ["busy-reply-scope", "all"];

/// Units that send from several connections without waiting and take it for granted that what was sent first is served
/// first: with more than one event loop it need not be, and then they wait for ever.
const ORDERED: [&str; 1] = ["unit/type/list"];

impl Traits {
    fn of(subject: &Program) -> Result<Traits, Error> {
        let server = Server::start(subject, &[])?;
        let mut connection = server.connect()?;
        let lost = |source| Error::Connection {
            program: subject.name.clone(),
            source,
        };
        let list = connection.call(&["FUNCTION", "LIST"]).map_err(lost)?.reply;
        let config = ["CONFIG", "GET", BUSY_FOR_ALL[0]];
        let scope = connection.call(&config).map_err(lost)?.reply;
        Ok(Traits {
            functions: !list.is_error(),
            busy_reply_scope: !scope.items().is_empty(),
        })
    }
}

fn external(
    tree: &Path,
    unit: &str,
    skipped: &[&str],
    subject: &Program,
    traits: &Traits,
) -> Result<String, Error> {
    let option = format!("--{}", BUSY_FOR_ALL[0]);
    let mut options: Vec<&str> = Vec::new();
    if traits.busy_reply_scope {
        options.extend([&*option, BUSY_FOR_ALL[1]]);
    }
    if ORDERED.contains(&unit) {
        options.extend(["--io-threads", "1"]);
    }
    let server = Server::start(subject, &options)?;
    let port = server.port.to_string();
    suite(
        tree,
        unit,
        skipped,
        &["--host", "127.0.0.1", "--port", &port],
    )
}

fn suite(tree: &Path, unit: &str, skipped: &[&str], options: &[&str]) -> Result<String, Error> {
    // A range of ports per process, so that two runs on one machine do not meet.
    let base_port = FIRST_PORT + std::process::id() % PORT_RANGES * PORT_COUNT;
    let output = Command::new("tclsh")
        .args([
            "tests/test_helper.tcl",
            "--single",
            unit,
            "--durable",
            "--timeout",
            PATIENCE,
            "--clients",
            "1",
        ])
        .args([
            "--baseport",
            &base_port.to_string(),
            "--portcount",
            &PORT_COUNT.to_string(),
        ])
        .args(skipped.iter().flat_map(|test| ["--skiptest", test]))
        .args(options)
        .current_dir(tree)
        .output()
        .map_err(|source| Error::Spawn {
            program: "tclsh".to_owned(),
            source,
        })?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(text)
}

/// Prints what is worse than recorded and counts it.
fn complain(record: &Record, unit: &str, verdict: &Verdict) -> usize {
    let mut worse = 0;
    for (test, reason) in verdict
        .failed
        .iter()
        .filter(|(test, _)| !record.is_known(unit, test))
    {
        println!("  FAILED {test}\n         {reason}");
        worse += 1;
    }
    let skipped = record.skipped(unit);
    let ran = verdict.passed + verdict.failed.len() + skipped.len();
    let expected = record.counts.get(unit).copied().unwrap_or(0);
    if ran < expected || !verdict.finished {
        let end = if verdict.finished {
            ""
        } else {
            ", and the run did not come to its end"
        };
        println!("  FAILED {unit} ran {ran} of {expected} tests{end}");
        worse += expected.saturating_sub(ran).max(1);
    }
    let mended = record.failures.keys().filter(|(place, test)| {
        place == unit
            && !skipped.contains(&test.as_str())
            && !verdict.failed.iter().any(|(failed, _)| failed == test)
    });
    for (_, test) in mended {
        println!("  passes now, take it off the list: {test}");
    }
    worse
}

/// Makes the record say what this run saw; reasons of failures that stay are kept.
fn note(record: &mut Record, unit: &str, verdict: &Verdict) {
    let skipped: Vec<String> = record
        .skipped(unit)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let ran = verdict.passed + verdict.failed.len() + skipped.len();
    record.counts.insert(unit.to_owned(), ran);
    record.failures.retain(|(place, test), _| {
        let failed = verdict.failed.iter().any(|(failed, _)| failed == test);
        place != unit || failed || skipped.contains(test)
    });
    for (test, _) in &verdict.failed {
        record
            .failures
            .entry((unit.to_owned(), test.clone()))
            .or_default();
    }
}
