//! Runs a Lua program in another process, bounded in time and output.

#![allow(
    dead_code,
    reason = "each program that includes this module uses a part of it"
)]

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// What a finished program left behind.
#[derive(Debug)]
pub struct Finished {
    /// All it wrote to standard output, up to the cap.
    pub stdout: Vec<u8>,
    /// All it wrote to standard error, up to the cap.
    pub stderr: Vec<u8>,
    /// The most memory it had resident, in bytes; 0 where the system does not tell.
    pub peak_resident: u64,
    /// How long it ran.
    pub elapsed: Duration,
    /// How it ended; `None` when it was killed at a limit.
    pub status: Option<ExitStatus>,
}

impl Finished {
    /// Standard output, followed by a note if the program did not end well.
    pub fn transcript(&self) -> Vec<u8> {
        let mut text = self.stdout.clone();
        match self.status {
            None => text.extend_from_slice(b"\n[killed at its limit]"),
            Some(status) if !status.success() => {
                text.extend_from_slice(format!("\n[ended with {status}]\n").as_bytes());
                text.extend_from_slice(&self.stderr);
            }
            Some(_) => {}
        }
        text
    }
}

const OUTPUT_CAP: u64 = 16 << 20;

/// Writes `source` to a file of its own and runs `program` with that file as its last argument.
pub fn run_source(
    program: &OsStr,
    arguments: &[&str],
    source: &[u8],
    limit: Duration,
) -> io::Result<Finished> {
    let path = scratch_file();
    fs::File::create(&path)?.write_all(source)?;
    let mut command = Command::new(program);
    command.args(arguments).arg(&path);
    let finished = run(&mut command, limit, u64::MAX);
    fs::remove_file(&path)?;
    finished
}

/// Runs a prepared command to its end, or kills it at `limit` or when it has more than `memory`
/// bytes resident.
pub fn run(command: &mut Command, limit: Duration, memory: u64) -> io::Result<Finished> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().map(read_all);
    let stderr = child.stderr.take().map(read_all);
    let started = Instant::now();
    let mut nap = Duration::from_micros(200);
    let mut peak_resident = 0;
    let status = loop {
        peak_resident = peak_resident.max(resident_peak(child.id()));
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if started.elapsed() > limit || peak_resident > memory {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(20));
    };
    let collect = |reader: Option<thread::JoinHandle<Vec<u8>>>| {
        reader
            .and_then(|reader| reader.join().ok())
            .unwrap_or_default()
    };
    Ok(Finished {
        stdout: collect(stdout),
        stderr: collect(stderr),
        peak_resident,
        elapsed: started.elapsed(),
        status,
    })
}

/// The high-water mark of a process's resident memory in bytes, as Linux tells it.
fn resident_peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

fn read_all<R: Read + Send + 'static>(source: R) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A program that was killed leaves a cut-off stream; what came until then is the answer.
        let _ = source.take(OUTPUT_CAP).read_to_end(&mut bytes);
        bytes
    })
}

fn scratch_file() -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    env::temp_dir().join(format!("tidelock-lua-{}-{number}.lua", process::id()))
}

/// Whether `program` can be started at all.
pub fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("-v")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}
