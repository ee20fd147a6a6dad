//! SLOWLOG: the last commands that took too long.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

/// Arguments kept of one command; the last one then tells how many more there were.
const ARGUMENTS_MAX: usize = 32;
/// Arguments kept of a command that a script called.
const INNER_ARGUMENTS_MAX: usize = 8;
/// A call of a script is slow that takes this part of what makes a command slow, but at least [`INNER_NANOSECONDS_MIN`].
const INNER_PART: u64 = 64;
const INNER_NANOSECONDS_MIN: u64 = 50_000;
/// Bytes kept of one argument.
const ARGUMENT_BYTES_MAX: usize = 128;

/// A command that took too long.
#[derive(Clone, Debug)]
pub(crate) struct SlowEntry {
    pub(crate) id: u64,
    pub(crate) unix_seconds: i64,
    pub(crate) microseconds: u64,
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) address: String,
    pub(crate) client_name: Vec<u8>,
    /// Of a script or function: what made it slow.
    pub(crate) script: Option<SlowScript>,
}

/// What is kept of a script or function that took too long.
#[derive(Clone, Debug)]
pub(crate) struct SlowScript {
    /// The SHA1 of a script, the name of a function.
    pub(crate) name: String,
    /// What a script calls itself.
    pub(crate) given_name: Option<Arc<str>>,
    /// How many commands it called.
    pub(crate) inner_calls: u64,
    /// The slowest of them, slowest first.
    pub(crate) slowest: Vec<InnerCall>,
}

/// A command that a script called.
#[derive(Clone, Debug)]
pub(crate) struct InnerCall {
    pub(crate) microseconds: u64,
    /// Its name and arguments, shortened.
    pub(crate) args: Vec<Vec<u8>>,
}

impl InnerCall {
    pub(crate) fn new(microseconds: u64, args: &[&[u8]]) -> InnerCall {
        InnerCall {
            microseconds,
            args: shortened(args, INNER_ARGUMENTS_MAX),
        }
    }
}

/// The log, newest first.
#[derive(Debug)]
pub(crate) struct Slowlog {
    /// Microseconds; negative: nothing is logged.
    slower_than: AtomicI64,
    /// From how many nanoseconds on a script's call of a command is worth to be kept; `u64::MAX` if nothing is logged.
    inner_slow_from: AtomicU64,
    max_len: AtomicU64,
    next_id: AtomicU64,
    entries: Mutex<VecDeque<SlowEntry>>,
}

impl Slowlog {
    pub(crate) fn new() -> Slowlog {
        Slowlog {
            slower_than: AtomicI64::new(10_000),
            inner_slow_from: AtomicU64::new(u64::MAX),
            max_len: AtomicU64::new(128),
            next_id: AtomicU64::new(0),
            entries: Mutex::default(),
        }
    }

    /// Takes the settings over from the configuration.
    pub(crate) fn configure(&self, slower_than: i64, max_len: u64) {
        self.slower_than.store(slower_than, Ordering::Relaxed);
        self.max_len.store(max_len, Ordering::Relaxed);
        let inner_slow_from = match u64::try_from(slower_than) {
            Ok(microseconds) => {
                (microseconds.saturating_mul(1000) / INNER_PART).max(INNER_NANOSECONDS_MIN)
            }
            Err(_) => u64::MAX,
        };
        self.inner_slow_from
            .store(inner_slow_from, Ordering::Relaxed);
    }

    /// Whether a command of this duration is to be logged.
    pub(crate) fn wants(&self, microseconds: u64) -> bool {
        let slower_than = self.slower_than.load(Ordering::Relaxed);
        slower_than >= 0 && microseconds >= slower_than as u64
    }

    /// From how many nanoseconds on a script's call of a command is worth to be kept; `u64::MAX` if nothing is logged.
    #[inline]
    pub(crate) fn inner_slow_from(&self) -> u64 {
        self.inner_slow_from.load(Ordering::Relaxed)
    }

    pub(crate) fn push(
        &self,
        args: &[&[u8]],
        microseconds: u64,
        unix_seconds: i64,
        address: String,
        client_name: Vec<u8>,
        script: Option<SlowScript>,
    ) {
        let max_len = self.max_len.load(Ordering::Relaxed) as usize;
        let entry = SlowEntry {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            unix_seconds,
            microseconds,
            args: shortened(args, ARGUMENTS_MAX),
            address,
            client_name,
            script,
        };
        let mut entries = self.entries.lock();
        entries.push_front(entry);
        entries.truncate(max_len);
    }

    /// The newest `count` entries.
    pub(crate) fn newest(&self, count: usize) -> Vec<SlowEntry> {
        self.entries.lock().iter().take(count).cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.lock().len()
    }

    pub(crate) fn reset(&self) {
        self.entries.lock().clear();
    }
}

fn shortened(args: &[&[u8]], arguments_max: usize) -> Vec<Vec<u8>> {
    let kept = if args.len() > arguments_max {
        arguments_max - 1
    } else {
        args.len()
    };
    let mut shown: Vec<Vec<u8>> = args[..kept]
        .iter()
        .map(|argument| {
            let more = argument.len().saturating_sub(ARGUMENT_BYTES_MAX);
            if more == 0 {
                return argument.to_vec();
            }
            let mut start = argument[..ARGUMENT_BYTES_MAX].to_vec();
            start.extend_from_slice(format!("... ({more} more bytes)").as_bytes());
            start
        })
        .collect();
    if kept < args.len() {
        shown.push(format!("... ({} more arguments)", args.len() - kept).into_bytes());
    }
    shown
}
