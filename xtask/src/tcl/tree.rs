//! The tree the suite runs in: a copy of the source package without its sources, with the binaries as links in `src/`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BUSY_FOR_ALL, Traits};
use crate::error::Error;
use crate::server::{Program, target_directory};

/// What the suite needs of the package. Its `src` and `deps` are never read.
const NEEDED: &[&str] = &["tests", "utils", "redis.conf", "sentinel.conf"];
/// Debian's tools that some tests call.
const TOOLS: &[&str] = &[
    "redis-cli",
    "redis-benchmark",
    "redis-check-rdb",
    "redis-check-aof",
];

/// The suite takes it that what one connection sends without waiting for the answer is done before what another sends
/// next. External mode runs with several threads, but for the tests that this breaks.
const ONE_THREAD: &str = "io-threads 1";

/// A copy of the suite, of this process alone; removed when dropped.
#[derive(Debug)]
pub struct Tree(PathBuf);

impl Tree {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Copies the suite of `source` under the target directory, with `server` in the place of redis-server.
pub fn prepare(source: &Path, server: &Program, traits: &Traits) -> Result<Tree, Error> {
    if !source.join("tests/test_helper.tcl").is_file() {
        let reason = format!(
            "{} is not an unpacked redis source package",
            source.display()
        );
        return Err(Error::Usage(reason));
    }
    let tree = Tree(target_directory().join(format!("tcl-suite-{}", std::process::id())));
    let binaries = tree.path().join("src");
    fs::create_dir_all(&binaries).map_err(Error::file(&binaries))?;
    for part in NEEDED {
        let status = Command::new("cp")
            .arg("-r")
            .arg(source.join(part))
            .arg(tree.path())
            .status()
            .map_err(|source| Error::Spawn {
                program: "cp".to_owned(),
                source,
            })?;
        if !status.success() {
            return Err(Error::Failed {
                program: "cp".to_owned(),
                output: format!("{part}: {status}"),
            });
        }
    }
    if traits.busy_reply_scope {
        let path = tree.path().join("tests/assets/default.conf");
        let mut text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        text.push_str(&format!("\n{}\n{ONE_THREAD}\n", BUSY_FOR_ALL.join(" ")));
        fs::write(&path, text).map_err(Error::file(&path))?;
    }
    if !traits.functions {
        leave_out_functions(tree.path())?;
    }
    link(&installed(&server.path), &binaries.join("redis-server"))?;
    for tool in TOOLS {
        link(&installed(Path::new(tool)), &binaries.join(tool))?;
    }
    Ok(tree)
}

/// What a server without function libraries needs changed in the copy: external mode begins every unit with FUNCTION
/// FLUSH, and unit/scripting runs everything a second time as functions.
fn leave_out_functions(tree: &Path) -> Result<(), Error> {
    let changes = [
        ("tests/support/server.tcl", "    r function flush\n", ""),
        (
            "tests/unit/scripting.tcl",
            "foreach is_eval {0 1}",
            "foreach is_eval {1}",
        ),
    ];
    for (file, before, after) in changes {
        let path = tree.join(file);
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        fs::write(&path, text.replace(before, after)).map_err(Error::file(&path))?;
    }
    Ok(())
}

fn link(program: &Path, place: &Path) -> Result<(), Error> {
    symlink(program, place).map_err(Error::file(place))
}

/// Where a program named without a path is installed.
fn installed(program: &Path) -> PathBuf {
    if program.components().count() > 1 {
        return fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| program.to_owned())
}
