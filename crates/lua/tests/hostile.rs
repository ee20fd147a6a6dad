//! Scripts that try to crash the engine, hang it, take its memory or get out of it.
//!
//! Each runs in a process of its own with a cap on fuel and bytes, and must end, by itself or with
//! an error of Lua, in bounded time and memory: no signal, no abort, no panic. `HOSTILE=part` runs
//! only the scripts whose name contains that text.

#![forbid(unsafe_code)]

#[path = "golden/case_file.rs"]
mod case_file;
#[path = "golden/engine.rs"]
mod engine;
#[path = "golden/program.rs"]
mod program;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, thread};

/// Units of work, a few seconds' worth for the costliest scripts.
const FUEL: &str = if cfg!(debug_assertions) {
    "2000000"
} else {
    "20000000"
};
/// Bytes that a script may have in use.
const BYTES: u64 = 64 << 20;
/// What the process may have resident: the cap twice (a table that grows holds both halves), and
/// the program itself.
const RESIDENT: u64 = 2 * BYTES + (48 << 20);
/// Generous, for a debug build on a busy machine: the fuel is what ends the scripts.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 180 } else { 60 });

#[test]
fn hostile_scripts_end_within_their_bounds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    let filter = env::var("HOSTILE").unwrap_or_default();
    let scripts = case_file::find(&folder, "lua").expect("the corpus");
    assert!(
        scripts.len() >= 60,
        "only {} hostile scripts",
        scripts.len()
    );
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(path) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = path.file_stem().unwrap_or_default().to_string_lossy();
                    if name.contains(&filter)
                        && let Err(problem) = check(path, &name)
                    {
                        failures.lock().expect("no worker panics").push(problem);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no worker panics");
    failures.sort();
    for failure in &failures {
        println!("{failure}");
    }
    assert!(
        failures.is_empty(),
        "{} hostile scripts broke a bound",
        failures.len()
    );
}

fn check(path: &Path, name: &str) -> Result<(), String> {
    let bytes = BYTES.to_string();
    let mut command = Command::new(engine::tidelua());
    command.args(["--fuel", FUEL, "--bytes", &bytes]).arg(path);
    // What AddressSanitizer keeps for itself is resident, too.
    let resident = match env::var_os("ASAN_OPTIONS") {
        Some(_) => 8 * RESIDENT,
        None => RESIDENT,
    };
    let finished = program::run(&mut command, LIMIT, 2 * resident).expect("the engine starts");
    let error = String::from_utf8_lossy(&finished.stderr);
    let first = error.lines().next().unwrap_or("ended by itself");
    let first: String = first.chars().take(110).collect();
    let (seconds, megabytes) = (finished.elapsed.as_secs_f64(), finished.peak_resident >> 20);
    println!("{seconds:6.2} s {megabytes:5} MB  {name}: {first}");
    if finished.peak_resident > resident {
        return Err(format!("{name}: {megabytes} MB resident: {first}"));
    }
    match finished.status.map(|status| status.code()) {
        None => {
            return Err(format!(
                "{name}: killed after {seconds:.1} s with {megabytes} MB"
            ));
        }
        Some(Some(0 | 1)) => {}
        Some(code) => return Err(format!("{name}: ended with {code:?}: {first}")),
    }
    if error.contains("panicked") {
        return Err(format!("{name}: panicked: {first}"));
    }
    Ok(())
}
