//! The proof machinery of the whole server: `cargo xtask <task>`.
//!
//! Every task plays the subject (our `tidelock` binary, or any server named by `--subject`) as a black box over its
//! socket, most of them beside Debian's `redis-server` as the oracle. Nothing here links to the server's crates, so
//! that a fault in them cannot hide itself.

#![forbid(unsafe_code)]

mod arguments;
mod bench;
mod busy;
mod differential;
mod error;
mod programs;
mod quoting;
mod random;
mod sandbox;
mod seeded;
mod server;
mod tcl;
mod wire;

use std::process::ExitCode;

use arguments::Arguments;
use error::Error;

const USAGE: &str = "\
usage: cargo xtask <task> [options]

  differential [PATH ...]   play tests/differential against the subject and redis-server, compare reply bytes
  random                    seeded random commands against both, for a bounded time
  sandbox                   seeded hostile scripts: none reaches another's world, all are refused in Redis's words
  busy                      every command while a slow script runs: the same are refused as by redis-server
  programs [NAME ...]       real programs of tests/programs on the subject
  tcl --source DIR [UNIT ...]
                            the open Tcl suite of Redis's source package, against tests/tcl/known-failures.txt
  bench [ROW ...]           both servers side by side: rates, CPU per request, latency, memory

options of every task:
  --subject PROGRAM         the server to prove; without it, `cargo build --release` makes tidelock
  --oracle PROGRAM          the server to compare with (default redis-server)

  differential:  --verbose (every line with its reply)
  random:  --seconds N (default 20)  --seed N  --length N (commands per episode, default 300)
  sandbox: --seconds N (default 20)  --seed N
  tcl:     --embedded (the suite starts the servers itself)  --record (write the lists anew)  --verbose
  bench:   --rounds N (default 5)  --quick  --output FILE
";

/// What a task found, for the summary line and the exit code.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Cases that did what they should.
    pub passed: usize,
    /// Cases that did not.
    pub failed: usize,
}

fn run(task: &str, arguments: Arguments) -> Result<Tally, Error> {
    match task {
        "differential" => differential::run(arguments),
        "random" => random::run(arguments),
        "sandbox" => sandbox::run(arguments),
        "busy" => busy::run(arguments),
        "programs" => programs::run(arguments),
        "tcl" => tcl::run(arguments),
        "bench" => bench::run(arguments),
        _ => Err(Error::Usage(format!("no task is called '{task}'"))),
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let task = words.next().unwrap_or_else(|| "--help".to_owned());
    if matches!(task.as_str(), "--help" | "-h" | "help") {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run(&task, Arguments::new(words)) {
        Ok(tally) => {
            println!("{task}: {} passed, {} failed", tally.passed, tally.failed);
            if tally.failed == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(Error::Usage(reason)) => {
            eprintln!("xtask {task}: {reason}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("xtask {task}: {error}");
            ExitCode::FAILURE
        }
    }
}
