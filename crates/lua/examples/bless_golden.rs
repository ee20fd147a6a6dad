//! Writes the expected outputs of the golden suite from Debian's `lua5.1`.
//!
//! `cargo run -p lua --example bless_golden [-- part-of-a-path …]` runs every snippet below
//! `tests/golden` with the `lua5.1` on the path and writes what it prints beneath the snippet.
//! Review the difference before you commit it: a snippet's output must depend on nothing but Lua.

#![forbid(unsafe_code)]

#[path = "../tests/golden/case_file.rs"]
mod case_file;
#[path = "../tests/golden/driver.rs"]
mod driver;
#[path = "../tests/golden/program.rs"]
mod program;

use case_file::CaseFile;
use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

const ORACLE: &str = "lua5.1";
const LIMIT: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    if !program::is_installed(ORACLE) {
        return Err(format!("`{ORACLE}` is not on the path").into());
    }
    let wanted: Vec<String> = env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut total = 0;
    for path in case_file::find(&root, "lua-golden")? {
        let text = path.to_string_lossy();
        if !wanted.is_empty() && !wanted.iter().any(|part| text.contains(part.as_str())) {
            continue;
        }
        let before = fs::read_to_string(&path)?;
        let mut file = CaseFile::parse(&before);
        for case in &mut file.cases {
            let source = driver::driver(&case.source);
            let finished = program::run_source(OsStr::new(ORACLE), &[], source.as_bytes(), LIMIT)?;
            case.expected = case_file::printable(&finished.transcript());
        }
        total += file.cases.len();
        let after = file.render();
        let changed = if after == before { "" } else { " (changed)" };
        println!("{:5} {}{changed}", file.cases.len(), path.display());
        fs::write(&path, after)?;
    }
    println!("{total:5} cases");
    Ok(())
}
