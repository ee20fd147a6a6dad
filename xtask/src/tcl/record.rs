//! The recorded state of the suite: known failures with their reasons, and how many tests each unit runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::error::Error;
use crate::server::project_root;

const FAILURES_HEADER: &str = "\
# Tests of the open Tcl suite that fail on Tidelock, each with its reason: unit | test | reason.
# `cargo xtask tcl --record` adds new ones without a reason; a failure without a reason is not a known failure.
# A reason that begins with 'skipped: ' keeps the test from being run: it would take those after it along.
";
/// How the reason of a test begins that is not run at all.
const SKIPPED: &str = "skipped: ";
const COUNTS_HEADER: &str = "\
# How many tests each unit runs (passed and failed): a run that skips tests must not look better than one that fails them.
";

/// The two lists of one mode.
#[derive(Debug, Default)]
pub struct Record {
    mode: &'static str,
    /// Reasons by unit and test.
    pub failures: BTreeMap<(String, String), String>,
    /// Tests that ran, by unit.
    pub counts: BTreeMap<String, usize>,
}

impl Record {
    /// Reads the lists of `mode`, the prefix of their file names.
    pub fn read(mode: &'static str) -> Result<Self, Error> {
        let mut record = Self {
            mode,
            ..Self::default()
        };
        for line in lines(&record.failures_path())? {
            let mut parts = line.splitn(3, " | ").map(|part| part.trim().to_owned());
            if let (Some(unit), Some(test), Some(reason)) =
                (parts.next(), parts.next(), parts.next())
            {
                record.failures.insert((unit, test), reason);
            }
        }
        for line in lines(&record.counts_path())? {
            if let Some((unit, count)) = line.split_once(' ') {
                record
                    .counts
                    .insert(unit.to_owned(), count.trim().parse().unwrap_or(0));
            }
        }
        Ok(record)
    }

    /// Whether this failure has a reason.
    pub fn is_known(&self, unit: &str, test: &str) -> bool {
        self.failures
            .get(&(unit.to_owned(), test.to_owned()))
            .is_some_and(|reason| !reason.is_empty())
    }

    /// Tests of `unit` that are not run, because they would take those after them along.
    pub fn skipped(&self, unit: &str) -> Vec<&str> {
        let ours = self.failures.iter().filter(|((place, _), _)| place == unit);
        ours.filter(|(_, reason)| reason.starts_with(SKIPPED))
            .map(|((_, test), _)| test.as_str())
            .collect()
    }

    /// Writes the lists back.
    pub fn write(&self) -> Result<(), Error> {
        let mut failures = FAILURES_HEADER.to_owned();
        for ((unit, test), reason) in &self.failures {
            let _ = writeln!(failures, "{unit} | {test} | {reason}");
        }
        let mut counts = COUNTS_HEADER.to_owned();
        for (unit, count) in &self.counts {
            let _ = writeln!(counts, "{unit} {count}");
        }
        fs::write(self.failures_path(), failures).map_err(Error::file(self.failures_path()))?;
        fs::write(self.counts_path(), counts).map_err(Error::file(self.counts_path()))
    }

    fn failures_path(&self) -> PathBuf {
        project_root().join(format!("tests/tcl/{}known-failures.txt", self.mode))
    }

    fn counts_path(&self) -> PathBuf {
        project_root().join(format!("tests/tcl/{}counts.txt", self.mode))
    }
}

fn lines(path: &PathBuf) -> Result<Vec<String>, Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path).map_err(Error::file(path))?;
    Ok(text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect())
}
