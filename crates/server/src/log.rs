//! The server's log, in lines as Redis writes them:
//! `1234:M 21 Nov 2026 10:30:41.123 * message`.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::config::enums::LogLevel;

/// What kind of process writes, as a letter in each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A primary.
    Primary,
    /// A replica.
    Replica,
    /// A child process, or the server while it reads its configuration.
    Child,
    /// A Sentinel.
    Sentinel,
}

impl Role {
    fn letter(self) -> u8 {
        match self {
            Role::Primary => b'M',
            Role::Replica => b'S',
            Role::Child => b'C',
            Role::Sentinel => b'X',
        }
    }
}

/// Where log lines go, and which ones. Shared by all threads.
#[derive(Debug)]
pub struct Log {
    level: AtomicU8,
    role: AtomicU8,
    /// The file to append to; `None` for the standard output. It is opened for each line, so that it may
    /// be moved away at any time.
    file: Mutex<Option<PathBuf>>,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            level: AtomicU8::new(LogLevel::Notice.rank()),
            role: AtomicU8::new(Role::Child.letter()),
            file: Mutex::new(None),
        }
    }
}

impl Log {
    /// Changes the least important level that is written.
    pub fn set_level(&self, level: LogLevel) {
        self.level.store(level.rank(), Ordering::Relaxed);
    }

    /// Changes the letter of the lines.
    pub fn set_role(&self, role: Role) {
        self.role.store(role.letter(), Ordering::Relaxed);
    }

    /// Changes the file; `None` is the standard output.
    ///
    /// # Errors
    /// If the file cannot be opened for appending; the log stays where it was.
    pub fn set_file(&self, file: Option<PathBuf>) -> io::Result<()> {
        if let Some(path) = &file {
            OpenOptions::new().create(true).append(true).open(path)?;
        }
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(())
    }

    /// Whether lines of this level are written.
    pub fn enabled(&self, level: LogLevel) -> bool {
        level.rank() >= self.level.load(Ordering::Relaxed)
    }

    /// Writes a line of this level.
    pub fn write(&self, level: LogLevel, message: fmt::Arguments<'_>) {
        if self.enabled(level) {
            let role = char::from(self.role.load(Ordering::Relaxed));
            self.append(&line(&jiff::Zoned::now(), role, level, message));
        }
    }

    /// Writes text without time and level, at notice level: the start-up banner.
    pub fn raw(&self, text: &str) {
        if self.enabled(LogLevel::Notice) {
            self.append(text);
        }
    }

    /// For developers.
    pub fn debug(&self, message: fmt::Arguments<'_>) {
        self.write(LogLevel::Debug, message);
    }

    /// Seldom useful.
    pub fn verbose(&self, message: fmt::Arguments<'_>) {
        self.write(LogLevel::Verbose, message);
    }

    /// What operators want to see.
    pub fn notice(&self, message: fmt::Arguments<'_>) {
        self.write(LogLevel::Notice, message);
    }

    /// Something is wrong.
    pub fn warning(&self, message: fmt::Arguments<'_>) {
        self.write(LogLevel::Warning, message);
    }

    fn append(&self, text: &str) {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written has nowhere to complain.
        let _ = match &*file {
            None => io::stdout()
                .lock()
                .write_all(text.as_bytes())
                .and_then(|()| io::stdout().flush()),
            Some(path) => OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .and_then(|mut file| file.write_all(text.as_bytes())),
        };
    }
}

fn line(time: &jiff::Zoned, role: char, level: LogLevel, message: fmt::Arguments<'_>) -> String {
    let symbol = match level {
        LogLevel::Debug => '.',
        LogLevel::Verbose => '-',
        LogLevel::Notice => '*',
        LogLevel::Warning => '#',
    };
    let (pid, millisecond) = (std::process::id(), time.millisecond());
    format!(
        "{pid}:{role} {}.{millisecond:03} {symbol} {message}\n",
        time.strftime("%d %b %Y %H:%M:%S")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_look_as_redis_writes_them() {
        let time: jiff::Zoned = "2026-11-01T09:05:07.012[UTC]".parse().expect("a time");
        let line = line(&time, 'M', LogLevel::Warning, format_args!("{} keys", 3));
        assert_eq!(
            line,
            format!(
                "{}:M 01 Nov 2026 09:05:07.012 # 3 keys\n",
                std::process::id()
            )
        );
    }

    #[test]
    fn a_file_gets_lines_of_its_level() {
        let path = std::env::temp_dir().join(format!("tidelock-log-test-{}", std::process::id()));
        let log = Log::default();
        log.set_file(Some(path.clone()))
            .expect("a writable directory");
        log.verbose(format_args!("one"));
        log.set_level(LogLevel::Verbose);
        log.verbose(format_args!("two"));
        log.debug(format_args!("three"));
        let text = std::fs::read_to_string(&path).expect("the log");
        std::fs::remove_file(&path).expect("the log");
        assert!(text.ends_with(" - two\n"));
        assert_eq!(text.lines().count(), 1);
        assert!(log.set_file(Some("/nonexistent/log".into())).is_err());
    }
}
