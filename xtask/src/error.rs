//! Why a task could not be carried out, as opposed to a case that failed.

use std::path::PathBuf;

/// Anything that stops a task before it can give its verdict.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that does not exist.
    #[error("{0}")]
    Usage(String),
    /// A file or directory could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A case file breaks the grammar of `tests/differential/README.md`.
    #[error("{}:{line}: {reason}", path.display())]
    Script {
        path: PathBuf,
        line: usize,
        reason: String,
    },
    /// A program is not installed or cannot be started.
    #[error("cannot run {program}: {source}")]
    Spawn {
        program: String,
        source: std::io::Error,
    },
    /// A server ended or stayed silent before it was ready.
    #[error("{program} did not become ready: {reason}")]
    NotReady { program: String, reason: String },
    /// A program that a task relies on ended with a failure.
    #[error("{program} failed: {output}")]
    Failed { program: String, output: String },
    /// The connection to a server broke where the task cannot go on without it.
    #[error("connection to {program}: {source}")]
    Connection {
        program: String,
        source: crate::wire::WireError,
    },
}

impl Error {
    /// Names the file in an I/O error.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
