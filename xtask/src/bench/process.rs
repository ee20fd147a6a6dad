//! What the kernel tells about a server's process.

use std::fs;
use std::time::Duration;

use crate::error::Error;

/// Processor time of all threads since the start. From `schedstat`, to the nanosecond, for a row may last only tens of
/// the clock ticks that `/proc/PID/stat` counts in; from there where the kernel keeps no `schedstat`.
pub fn processor_time(pid: u32) -> Result<Duration, Error> {
    let tasks = format!("/proc/{pid}/task");
    let mut total = Duration::ZERO;
    for task in fs::read_dir(&tasks).map_err(Error::file(&tasks))? {
        let path = task.map_err(Error::file(&tasks))?.path().join("schedstat");
        let Ok(text) = fs::read_to_string(&path) else {
            return ticks(pid);
        };
        let nanoseconds = text
            .split(' ')
            .next()
            .and_then(|field| field.parse().ok())
            .unwrap_or(0);
        total += Duration::from_nanos(nanoseconds);
    }
    Ok(total)
}

fn ticks(pid: u32) -> Result<Duration, Error> {
    const TICK: Duration = Duration::from_millis(10);
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    // utime and stime are the 14th and 15th field; the 2nd, in parentheses, may hold blanks.
    let fields: Vec<_> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let field = |place: usize| {
        fields
            .get(place)
            .and_then(|field| field.parse().ok())
            .unwrap_or(0_u32)
    };
    Ok(TICK * (field(11) + field(12)))
}

/// Resident memory in bytes.
pub fn resident_memory(pid: u32) -> Result<f64, Error> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line
        .and_then(|line| line.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok());
    Ok(kilobytes.unwrap_or(f64::NAN) * 1024.0)
}
