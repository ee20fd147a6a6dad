//! The text format of golden files: many small Lua snippets with the output each must give.
//!
//! ```text
//! free text about the file
//! --- name of the behaviour
//! print(1 + 1)
//! --->
//! 2
//! ```
//!
//! A case ends where the next one starts. Blank lines at the end of a source or an output are not
//! significant. Bytes that are not printable ASCII are written `\xNN`, and addresses are masked, so
//! that the files are plain text and the same on every machine.

#![allow(
    dead_code,
    reason = "each program that includes this module uses a part of it"
)]

use std::path::{Path, PathBuf};
use std::{fs, io};

/// One snippet and what it must print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What the snippet shows; unique in its file.
    pub name: String,
    /// The snippet, without a final newline.
    pub source: String,
    /// The expected output in printable form, without a final newline.
    pub expected: String,
}

/// A golden file in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFile {
    /// The text before the first case.
    pub header: String,
    /// The cases in the order of the file.
    pub cases: Vec<Case>,
}

const NAME_MARK: &str = "--- ";
const OUTPUT_MARK: &str = "--->";

impl CaseFile {
    /// Reads the format described at the top of this module.
    pub fn parse(text: &str) -> CaseFile {
        let mut file = CaseFile::default();
        let mut in_output = false;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix(NAME_MARK) {
                file.cases.push(Case {
                    name: name.trim().to_owned(),
                    source: String::new(),
                    expected: String::new(),
                });
                in_output = false;
            } else if line == OUTPUT_MARK {
                in_output = true;
            } else {
                let target = match file.cases.last_mut() {
                    None => &mut file.header,
                    Some(case) if in_output => &mut case.expected,
                    Some(case) => &mut case.source,
                };
                target.push_str(line);
                target.push('\n');
            }
        }
        for case in &mut file.cases {
            trim_blank_end(&mut case.source);
            trim_blank_end(&mut case.expected);
        }
        file
    }

    /// Writes the format described at the top of this module.
    pub fn render(&self) -> String {
        let mut text = self.header.clone();
        for case in &self.cases {
            for part in [
                NAME_MARK,
                &case.name,
                "\n",
                &case.source,
                "\n",
                OUTPUT_MARK,
                "\n",
            ] {
                text.push_str(part);
            }
            if !case.expected.is_empty() {
                text.push_str(&case.expected);
                text.push('\n');
            }
            text.push('\n');
        }
        text.truncate(text.trim_end_matches('\n').len());
        text.push('\n');
        text
    }
}

/// Drops newlines at the end: they mark nothing in this format.
pub fn trim_blank_end(text: &mut String) {
    text.truncate(text.trim_end_matches('\n').len());
}

/// All golden files below `root` with the given extension, sorted by path.
pub fn find(root: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Turns what a program printed into the text kept in golden files: bytes outside printable ASCII
/// as `\xNN`, and the addresses in `table: 0x…` masked.
pub fn printable(output: &[u8]) -> String {
    let mut text = String::with_capacity(output.len());
    let mut at = 0;
    while at < output.len() {
        let rest = &output[at..];
        if rest.starts_with(b"tidelock-lua-") {
            // The name of a scratch file.
            let length = rest
                .iter()
                .position(|&byte| byte == b':')
                .unwrap_or(rest.len());
            text.push_str("program");
            at += length;
            continue;
        }
        if rest.starts_with(b": 0x") {
            let digits = rest[4..]
                .iter()
                .take_while(|byte| byte.is_ascii_hexdigit())
                .count();
            if digits >= 4 {
                text.push_str(": 0x_");
                at += 4 + digits;
                continue;
            }
        }
        match rest[0] {
            byte @ (b'\n' | b'\t' | b' '..=b'~') => text.push(char::from(byte)),
            byte => text.push_str(&format!("\\x{byte:02x}")),
        }
        at += 1;
    }
    trim_blank_end(&mut text);
    text
}

/// `bytes` as a Lua string literal in plain ASCII, on one line.
pub fn lua_quoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for &byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\{byte:03}")),
        }
    }
    text.push('"');
    text
}
