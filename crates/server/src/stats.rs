//! Counters. Each event loop counts for itself; INFO adds up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// Counts of one command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CommandCounts {
    pub(crate) calls: u64,
    pub(crate) nanoseconds: u64,
    pub(crate) rejected: u64,
    pub(crate) failed: u64,
}

impl CommandCounts {
    /// Adds the counts of another event loop.
    pub(crate) fn add(&mut self, other: &CommandCounts) {
        self.calls += other.calls;
        self.nanoseconds += other.nanoseconds;
        self.rejected += other.rejected;
        self.failed += other.failed;
    }
}

/// The counters of one event loop.
#[derive(Debug, Default)]
pub(crate) struct WorkerStats {
    /// The event loop's number.
    pub(crate) worker: usize,
    pub(crate) commands: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) rejected_connections: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) writes: AtomicU64,
    pub(crate) input_bytes: AtomicU64,
    pub(crate) output_bytes: AtomicU64,
    pub(crate) keyspace_hits: AtomicU64,
    pub(crate) keyspace_misses: AtomicU64,
    pub(crate) expired_keys: AtomicU64,
    pub(crate) dirty: AtomicU64,
    /// Bytes of its idle VMs for scripts, as of its last look.
    pub(crate) script_vms: AtomicU64,
    /// Bytes of its idle VMs for functions, as of its last look.
    pub(crate) function_vms: AtomicU64,
    /// By the entry's number.
    per_command: Box<[CommandCounters]>,
}

/// The counters of one command in one event loop.
#[derive(Debug, Default)]
struct CommandCounters {
    calls: AtomicU64,
    nanoseconds: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
}

/// Adds to a counter that only this thread writes: no locked instruction is needed.
#[inline]
pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(more),
        Ordering::Relaxed,
    );
}

impl WorkerStats {
    /// Counters of event loop `worker` for `commands` commands.
    pub(crate) fn new(worker: usize, commands: usize) -> WorkerStats {
        WorkerStats {
            worker,
            per_command: (0..commands).map(|_| CommandCounters::default()).collect(),
            ..WorkerStats::default()
        }
    }

    /// A command ran.
    pub(crate) fn command_ran(&self, index: usize, took: Duration) {
        let counters = &self.per_command[index];
        add(&counters.calls, 1);
        let nanoseconds = took.as_secs() * 1_000_000_000 + u64::from(took.subsec_nanos());
        add(&counters.nanoseconds, nanoseconds);
        add(&self.commands, 1);
    }

    /// A command that was counted when it blocked went on, and took this much more.
    pub(crate) fn command_went_on(&self, index: usize, took: Duration) {
        let nanoseconds = took.as_secs() * 1_000_000_000 + u64::from(took.subsec_nanos());
        add(&self.per_command[index].nanoseconds, nanoseconds);
    }

    /// A command was counted anew that had been counted when it blocked.
    pub(crate) fn command_counted_twice(&self, index: usize) {
        // CONFIG RESETSTAT may have been in between.
        for counter in [&self.per_command[index].calls, &self.commands] {
            let count = counter.load(Ordering::Relaxed);
            counter.store(count.saturating_sub(1), Ordering::Relaxed);
        }
    }

    /// A script called a command; its time counts as the script's.
    #[inline]
    pub(crate) fn command_called(&self, index: usize) {
        add(&self.per_command[index].calls, 1);
        add(&self.commands, 1);
    }

    /// A command's handler failed. Its call is counted by [`WorkerStats::command_ran`] as well.
    pub(crate) fn command_failed(&self, index: usize) {
        add(&self.per_command[index].failed, 1);
    }

    /// A command was refused before it ran.
    pub(crate) fn command_rejected(&self, index: usize) {
        add(&self.per_command[index].rejected, 1);
    }

    /// This loop's counts of one command.
    pub(crate) fn command_counts(&self, index: usize) -> CommandCounts {
        let counters = &self.per_command[index];
        CommandCounts {
            calls: counters.calls.load(Ordering::Relaxed),
            nanoseconds: counters.nanoseconds.load(Ordering::Relaxed),
            rejected: counters.rejected.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
        }
    }

    /// CONFIG RESETSTAT.
    pub(crate) fn reset(&self) {
        for counter in [
            &self.commands,
            &self.connections,
            &self.rejected_connections,
            &self.reads,
            &self.writes,
            &self.input_bytes,
            &self.output_bytes,
            &self.keyspace_hits,
            &self.keyspace_misses,
            &self.expired_keys,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
        for counters in &self.per_command {
            for counter in [
                &counters.calls,
                &counters.nanoseconds,
                &counters.rejected,
                &counters.failed,
            ] {
                counter.store(0, Ordering::Relaxed);
            }
        }
    }
}

/// How many error codes are told apart; more are counted together, so that scripts cannot fill the memory with codes.
const ERROR_CODES_MAX: usize = 128;

/// Error replies by code (`errorstat_…`).
#[derive(Debug, Default)]
pub(crate) struct ErrorStats {
    total: AtomicU64,
    by_code: Mutex<BTreeMap<Vec<u8>, u64>>,
}

impl ErrorStats {
    /// Counts an error reply by its code, which is its first word.
    pub(crate) fn count(&self, text: &[u8]) {
        self.total.fetch_add(1, Ordering::Relaxed);
        let code = match text.iter().position(|&byte| byte == b' ') {
            Some(end) => &text[..end],
            // A text of one word, which only a script can send, has no code.
            None => b"ERR",
        };
        let mut by_code = self.by_code.lock();
        if let Some(count) = by_code.get_mut(code) {
            *count += 1;
        } else if by_code.len() < ERROR_CODES_MAX {
            by_code.insert(code.to_vec(), 1);
        } else {
            *by_code.entry(b"ERRORSTATS_OVERFLOW".to_vec()).or_default() += 1;
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(crate) fn by_code(&self) -> Vec<(Vec<u8>, u64)> {
        self.by_code
            .lock()
            .iter()
            .map(|(code, &count)| (code.clone(), count))
            .collect()
    }

    pub(crate) fn reset(&self) {
        self.total.store(0, Ordering::Relaxed);
        self.by_code.lock().clear();
    }
}
