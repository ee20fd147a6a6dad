//! Both servers side by side: interleaved rounds, medians, ratios.
//!
//! Every sample is taken on a freshly started server, the oracle's and the subject's in turn, so that a machine that
//! grows slower or faster meanwhile does so for both. A ratio above 1 always means that the subject is better.

mod memory;
mod parallel;
mod process;
mod requests;
mod row;
mod scripts;
mod side_by_side;

use std::fmt::Write as _;
use std::fs;

use crate::Tally;
use crate::arguments::Arguments;
use crate::error::Error;
use crate::server::{Program, Server};
use row::{Row, Sample, Scale};

/// By how much a quick run does less.
const QUICK: usize = 10;

/// Measures the rows whose names hold one of the words given, or all of them.
pub fn run(mut arguments: Arguments) -> Result<Tally, Error> {
    let quick = arguments.flag("quick");
    let rounds = arguments
        .take_parsed("rounds")?
        .unwrap_or(if quick { 1 } else { 5 });
    let output = arguments.take("output");
    let subject = Program::subject(&mut arguments)?;
    let oracle = Program::oracle(&mut arguments);
    let words = arguments.finish()?;
    let scale = Scale(if quick { QUICK } else { 1 });

    let mut rows = requests::rows();
    rows.extend(scripts::rows());
    rows.extend(parallel::rows());
    rows.extend(side_by_side::rows());
    rows.extend(memory::rows());
    rows.retain(|row| {
        words.is_empty() || words.iter().any(|word| row.name.contains(word.as_str()))
    });

    let mut table = heading(&oracle, &subject);
    print!("{table}");
    let mut tally = Tally::default();
    for row in &rows {
        match compare(row, [&oracle, &subject], rounds, scale) {
            Ok(line) => {
                tally.passed += 1;
                println!("{line}");
                let _ = writeln!(table, "{line}");
            }
            Err(error) => {
                tally.failed += 1;
                println!("| {} | {error} |", row.name);
            }
        }
    }
    if let Some(path) = output {
        fs::write(&path, table).map_err(Error::file(path))?;
    }
    Ok(tally)
}

fn heading(oracle: &Program, subject: &Program) -> String {
    let (oracle, subject) = (&oracle.name, &subject.name);
    format!(
        "| row | unit | {oracle} | {subject} | times better | CPU µs/request {oracle} | {subject} | times better |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
}

fn compare(
    row: &Row,
    programs: [&Program; 2],
    rounds: usize,
    scale: Scale,
) -> Result<String, Error> {
    let mut samples: [Vec<Sample>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (program, samples) in programs.iter().zip(&mut samples) {
            let server = Server::start(program, &[])?;
            samples.push((row.measure)(&server, scale)?);
        }
    }
    let values = samples
        .each_ref()
        .map(|samples| median(samples.iter().map(|sample| sample.value)));
    let processor = samples
        .each_ref()
        .map(|samples| median(samples.iter().filter_map(|sample| sample.processor)));
    let better = if row.more_is_better {
        values[1] / values[0]
    } else {
        values[0] / values[1]
    };
    let mut line = format!(
        "| {} | {} | {} | {} | {better:.2} |",
        row.name,
        row.unit,
        number(values[0]),
        number(values[1])
    );
    if processor[0].is_nan() {
        line.push_str(" | | |");
    } else {
        let _ = write!(
            line,
            " {:.3} | {:.3} | {:.2} |",
            processor[0],
            processor[1],
            processor[0] / processor[1]
        );
    }
    Ok(line)
}

/// The middle value; not a number if there is none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}
