//! The differential suite: command scripts played on the subject and on the oracle, line by line, replies compared.
//!
//! A case is one text file under `tests/differential/<family>/`; its grammar is in `tests/differential/README.md`.

mod comparison;
mod play;
mod script;

pub use comparison::{Comparison, normalise};

use std::fs;
use std::path::{Path, PathBuf};

use crate::Tally;
use crate::arguments::Arguments;
use crate::error::Error;
use crate::server::{Program, Server, project_root};
use play::{Difference, Player};
use script::Case;

/// Differences shown per case; what follows the first ones is mostly their echo.
const SHOWN_DIFFERENCES: usize = 4;

/// Plays the cases in the given files and directories, or all of `tests/differential`.
pub fn run(mut arguments: Arguments) -> Result<Tally, Error> {
    let subject = Program::subject(&mut arguments)?;
    let oracle = Program::oracle(&mut arguments);
    let transcript = arguments.flag("verbose");
    let mut paths: Vec<PathBuf> = arguments.finish()?.into_iter().map(PathBuf::from).collect();
    if paths.is_empty() {
        paths.push(project_root().join("tests/differential"));
    }
    let mut files = Vec::new();
    for path in &paths {
        collect(path, &mut files)?;
    }
    files.sort();
    let cases = files
        .iter()
        .map(|file| Case::read(file))
        .collect::<Result<Vec<_>, _>>()?;

    let mut subject_server = Server::start(&subject, &[])?;
    let mut oracle_server = Server::start(&oracle, &[])?;
    let mut tally = Tally::default();
    for case in &cases {
        if transcript {
            println!("{}: {}", case.path.display(), case.sentence);
        }
        let differences = Player::new(&subject_server, &oracle_server, transcript)?.play(case);
        if differences.is_empty() {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            report(case, &differences, &subject_server, &oracle_server);
        }
        restart_if_ended(&mut subject_server, &subject)?;
        restart_if_ended(&mut oracle_server, &oracle)?;
    }
    Ok(tally)
}

/// A case that ends a server has failed already; the next one gets a new server.
fn restart_if_ended(server: &mut Server, program: &Program) -> Result<(), Error> {
    if !server.is_running() {
        println!(
            "  {} ended; its last log lines:\n{}",
            program.name,
            last_lines(&server.log(), 15)
        );
        *server = Server::start(program, &[])?;
    }
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(Error::file(path))? {
            collect(&entry.map_err(Error::file(path))?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "txt") {
        files.push(path.to_owned());
    } else if !path.exists() {
        return Err(Error::Usage(format!("there is no {}", path.display())));
    }
    Ok(())
}

fn report(case: &Case, differences: &[Difference], subject: &Server, oracle: &Server) {
    let root = project_root();
    let path = case.path.strip_prefix(&root).unwrap_or(&case.path);
    println!("FAILED {}: {}", path.display(), case.sentence);
    for difference in differences.iter().take(SHOWN_DIFFERENCES) {
        println!("  line {}: {}", difference.line, difference.text);
        println!("    {:<13} {}", oracle.program.name, difference.oracle);
        println!("    {:<13} {}", subject.program.name, difference.subject);
    }
    if let Some(more) = differences
        .len()
        .checked_sub(SHOWN_DIFFERENCES)
        .filter(|more| *more > 0)
    {
        println!("  and {more} more");
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
