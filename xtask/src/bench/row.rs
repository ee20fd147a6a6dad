//! A row of the table: what is measured, in what unit, and which way is better.

use crate::error::Error;
use crate::server::Server;
use crate::wire::{Connection, Reply};

/// One measurement on one server.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// In the row's unit.
    pub value: f64,
    /// Processor time of the server per request, in microseconds, where requests are counted.
    pub processor: Option<f64>,
}

/// The number of requests, rounds of loops and items is divided by this in a quick run.
#[derive(Debug, Clone, Copy)]
pub struct Scale(pub usize);

impl Scale {
    /// `count`, made smaller for a quick run.
    pub fn of(self, count: usize) -> usize {
        (count / self.0).max(1)
    }
}

/// Measures a freshly started server.
type Measure = Box<dyn Fn(&Server, Scale) -> Result<Sample, Error>>;

/// One line of the table.
pub struct Row {
    /// What it is called.
    pub name: String,
    /// The unit of its values.
    pub unit: &'static str,
    /// Whether more is better.
    pub more_is_better: bool,
    /// How it is measured.
    pub measure: Measure,
}

/// Sends a command and refuses an error as its reply.
pub fn call<A: AsRef<[u8]>>(
    server: &Server,
    connection: &mut Connection,
    command: &[A],
) -> Result<Reply, Error> {
    let program = || server.program.name.clone();
    let frame = connection
        .call(command)
        .map_err(|source| Error::Connection {
            program: program(),
            source,
        })?;
    if frame.reply.is_error() {
        return Err(Error::Failed {
            program: program(),
            output: frame.reply.show(),
        });
    }
    Ok(frame.reply)
}

/// A count as a float, for division.
pub fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
