//! The `tidelock` program: `tidelock [redis.conf | -] [--name value …]` serves.
#![forbid(unsafe_code)]

use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

const HELP: &str = "\
Usage: tidelock [/path/to/redis.conf] [options] [-]
       tidelock - (read config from stdin)
       tidelock -v or --version
       tidelock -h or --help

Options are directives of redis.conf:
       tidelock --port 7777
       tidelock /etc/redis/6379.conf --loglevel verbose --io-threads 4
";

fn main() -> ExitCode {
    let arguments: Vec<Vec<u8>> = std::env::args_os()
        .skip(1)
        .map(OsStringExt::into_vec)
        .collect();
    match arguments.first().map(Vec::as_slice) {
        Some(b"-v" | b"--version") => {
            println!(
                "Tidelock server v={} (Redis {}) bits={}",
                env!("CARGO_PKG_VERSION"),
                server::config::COMPATIBLE_VERSION,
                usize::BITS
            );
            ExitCode::SUCCESS
        }
        Some(b"-h" | b"--help") => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => server::run(&arguments),
    }
}
