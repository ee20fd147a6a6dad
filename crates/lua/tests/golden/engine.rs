//! Runs programs on the engine under test.

#![allow(
    dead_code,
    reason = "each program that includes this module uses a part of it"
)]

use super::program;
use std::env;
use std::ffi::OsString;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// No program of the suites needs more; one that runs away ends as an error.
const CAPS: [&str; 4] = ["--fuel", "1000000000", "--bytes", "1073741824"];

/// The `tidelua` program: the one named by the variable `TIDELUA`, or else the one of this build.
pub fn tidelua() -> OsString {
    env::var_os("TIDELUA")
        .or_else(|| option_env!("CARGO_BIN_EXE_tidelua").map(OsString::from))
        .expect("the tidelua binary is built with the tests")
}

/// What a program prints, with a note about its end if that was not a good one.
pub fn output(source: &str) -> Vec<u8> {
    let tidelua = tidelua();
    // Another interpreter may stand in for ours, to test the suites themselves.
    let ours = tidelua.to_string_lossy().contains("tidelua");
    let mut caps: Vec<&str> = if ours { CAPS.to_vec() } else { Vec::new() };
    // A step of the collector after so much fuel, again and again.
    let slice = env::var("TIDELUA_COLLECT").unwrap_or_default();
    if ours && !slice.is_empty() {
        caps.extend(["--collect", &slice]);
    }
    match program::run_source(&tidelua, &caps, source.as_bytes(), LIMIT) {
        Ok(finished) => finished.transcript(),
        Err(error) => format!("[did not start: {error}]").into_bytes(),
    }
}
