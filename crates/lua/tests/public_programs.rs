//! Public programs written in Lua run unchanged, and as on Debian's `lua5.1`.
//!
//! `public_programs/fetch.sh FOLDER` gets them from Debian; the variable `PUBLIC_PROGRAMS` (default:
//! `target/public-programs` in the workspace) names that folder. Without it, or without `lua5.1`,
//! there is nothing to run and the test says so.

#![forbid(unsafe_code)]

#[path = "golden/case_file.rs"]
mod case_file;
#[path = "golden/driver.rs"]
mod driver;
#[path = "golden/engine.rs"]
mod engine;
#[path = "golden/program.rs"]
mod program;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

const ORACLE: &str = "lua5.1";
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn public_programs_print_the_same_on_both_engines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = env::var_os("PUBLIC_PROGRAMS")
        .map_or_else(|| root.join("../../target/public-programs"), PathBuf::from);
    let modules = read_modules(&folder.join("usr/share/lua/5.1"));
    if modules.is_empty() {
        println!(
            "SKIPPED: no programs in {}: run public_programs/fetch.sh",
            folder.display()
        );
        return;
    }
    if !program::is_installed(ORACLE) {
        println!("SKIPPED: `{ORACLE}` is not on the path, so there is nothing to compare with");
        return;
    }
    let programs = root.join("tests/public_programs");
    let prelude = fs::read_to_string(programs.join("prelude.lua")).expect("the prelude");
    let mut different = Vec::new();
    for path in case_file::find(&programs, "lua").expect("the programs") {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name == "prelude" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("programs are text");
        let source = driver::driver(&bundle(&modules, &prelude, &text));
        let expected = program::run_source(OsStr::new(ORACLE), &[], source.as_bytes(), LIMIT);
        let expected = case_file::printable(&expected.expect("the oracle starts").transcript());
        let printed = case_file::printable(&engine::output(&source));
        let lines = expected.lines().count();
        let wrong: Vec<(&str, &str)> = expected
            .lines()
            .chain(["[end]"])
            .zip(printed.lines().chain(["[end]"]))
            .filter(|(left, right)| left != right)
            .collect();
        println!("{name}: {lines} lines, {} differ", wrong.len());
        for (left, right) in wrong.iter().take(5) {
            println!("  - {left}\n  + {right}");
        }
        if !wrong.is_empty() {
            different.push(name);
        }
    }
    assert!(
        different.is_empty(),
        "these programs print something else: {different:?}"
    );
}

/// The sources below a folder by the names that `require` knows them by.
fn read_modules(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let paths = case_file::find(folder, "lua").unwrap_or_default();
    let name = |path: &Path| {
        let relative = path
            .strip_prefix(folder)
            .expect("below the folder")
            .with_extension("");
        relative.to_string_lossy().replace('/', ".")
    };
    paths
        .iter()
        .map(|path| (name(path), fs::read(path).expect("a module can be read")))
        .collect()
}

/// One program with the modules of its `-- needs:` line.
fn bundle(modules: &BTreeMap<String, Vec<u8>>, prelude: &str, text: &str) -> String {
    let needs = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("-- needs: "));
    let needs: Vec<&str> = needs.unwrap_or_default().split(' ').collect();
    let mut source = "sources = {}\n".to_owned();
    for (name, bytes) in modules {
        if needs.contains(&name.split('.').next().unwrap_or_default()) {
            let quoted = case_file::lua_quoted(bytes);
            source.push_str(&format!("sources['{name}'] = {quoted}\n"));
        }
    }
    source + prelude + text
}
