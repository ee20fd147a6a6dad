//! Real programs on the subject: each `tests/programs/<name>/run PORT` ends with 0 if its program did its work.

use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::Tally;
use crate::arguments::Arguments;
use crate::error::Error;
use crate::server::{Program, Server, project_root};

/// The exit code by which a `run` script says that a tool is missing on this machine.
const TOOL_MISSING: i32 = 77;

/// Runs the programs named, or all of them, each on a server of its own.
pub fn run(mut arguments: Arguments) -> Result<Tally, Error> {
    let subject = Program::subject(&mut arguments)?;
    let mut names = arguments.finish()?;
    let directory = project_root().join("tests/programs");
    if names.is_empty() {
        for entry in fs::read_dir(&directory).map_err(Error::file(&directory))? {
            let path = entry.map_err(Error::file(&directory))?.path();
            if path.join("run").is_file() {
                names.extend(
                    path.file_name()
                        .map(|name| name.to_string_lossy().into_owned()),
                );
            }
        }
        names.sort();
    }
    let may_skip = std::env::var_os("CI").is_none();
    let mut tally = Tally::default();
    for name in &names {
        let script = directory.join(name).join("run");
        let server = Server::start(&subject, &[])?;
        let start = Instant::now();
        let output = Command::new(&script)
            .arg(server.port.to_string())
            .output()
            .map_err(|source| Error::Spawn {
                program: script.display().to_string(),
                source,
            })?;
        let seconds = start.elapsed().as_secs_f64();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => {
                tally.passed += 1;
                println!("{name}: passed in {seconds:.1} s\n{}", indented(&text));
            }
            Some(TOOL_MISSING) if may_skip => {
                println!("{name}: SKIPPED, not proved: {}", text.trim())
            }
            code => {
                tally.failed += 1;
                println!(
                    "{name}: FAILED with {code:?} after {seconds:.1} s\n{}",
                    indented(&text)
                );
                println!(
                    "  the server's log ends with:\n{}",
                    indented(&last_lines(&server.log()))
                );
            }
        }
    }
    Ok(tally)
}

fn indented(text: &str) -> String {
    text.trim_end()
        .lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
