//! What is counted of the runs of a script or a function, for as long as it is cached or loaded.
//!
//! Each event loop counts in a slot of its own, without locks or locked instructions; who reads adds the slots up. A slot
//! is made when its event loop first runs the code, and what few runs of few scripts need, with the histogram, at the second run or when
//! something goes wrong: code that is run once stays small.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::histogram::{Distribution, Histogram};
use crate::host::Failure;

/// Counts of one script's or function's runs.
#[derive(Debug, Default)]
pub struct RunStats {
    /// By event loop.
    slots: OnceLock<Box<[OnceLock<Box<Slot>>]>>,
}

/// One run, as it is counted when it is over.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunRecord {
    /// From its start to its end. The time others were served between its slices counts.
    pub took: Duration,
    /// Its reply is an error or holds one.
    pub failed: bool,
    /// How it failed, if nothing in the script caught it.
    pub failure: Option<Failure>,
    /// What it wrote was undone when it failed.
    pub undone: bool,
    /// How often it was undone and run again with wider locks.
    pub reruns: u64,
    /// It held the locks of all keys.
    pub exclusive: bool,
    /// The most bytes it had in use, beyond what its VM had before it.
    pub memory: u64,
    /// The commands it called.
    pub inner_calls: u64,
    /// The keys these named: each once, within about six percent.
    pub keys: u64,
}

/// What one event loop has counted. Only it writes.
#[derive(Debug, Default)]
struct Slot {
    calls: AtomicU64,
    exclusive: AtomicU64,
    nanoseconds: AtomicU64,
    nanoseconds_max: AtomicU64,
    memory_max: AtomicU64,
    inner_calls: AtomicU64,
    keys: AtomicU64,
    more: OnceLock<Box<More>>,
}

/// What is not counted of code that ran once, and well.
#[derive(Debug, Default)]
struct More {
    failures: AtomicU64,
    kills: AtomicU64,
    undone: AtomicU64,
    reruns: AtomicU64,
    /// Empty until there are two runs.
    histogram: Histogram,
}

/// The counts of all event loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunSummary {
    /// Runs.
    pub calls: u64,
    /// Runs whose reply was an error or held one.
    pub failures: u64,
    /// Runs ended by SCRIPT KILL or FUNCTION KILL, or because they reached a limit of time or memory.
    pub kills: u64,
    /// Runs that were undone when they failed.
    pub undone: u64,
    /// How often runs were undone and run again with wider locks.
    pub reruns: u64,
    /// Runs that held the locks of all keys.
    pub exclusive: u64,
    /// The time of all runs.
    pub nanoseconds: u64,
    /// The time half of the runs did not exceed.
    pub nanoseconds_p50: u64,
    /// The time 99 % of the runs did not exceed.
    pub nanoseconds_p99: u64,
    /// The time of the longest run.
    pub nanoseconds_max: u64,
    /// The most bytes a run had in use.
    pub memory_max: u64,
    /// Commands called.
    pub inner_calls: u64,
    /// Keys these named, each once in a run.
    pub keys: u64,
}

/// Adds to a counter that only this thread writes.
#[inline]
fn add(counter: &AtomicU64, more: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(more),
        Ordering::Relaxed,
    );
}

#[inline]
fn raise(counter: &AtomicU64, value: u64) {
    if counter.load(Ordering::Relaxed) < value {
        counter.store(value, Ordering::Relaxed);
    }
}

impl RunStats {
    /// Counts a run that event loop `worker` of `workers` has ended. Their number is always the same.
    #[inline]
    pub fn record(&self, worker: usize, workers: usize, run: &RunRecord) {
        let slots = self
            .slots
            .get_or_init(|| (0..workers).map(|_| OnceLock::new()).collect());
        if let Some(slot) = slots.get(worker) {
            slot.get_or_init(Box::default).record(run);
        }
    }

    /// The counts by now.
    pub fn summary(&self) -> RunSummary {
        let mut sum = RunSummary::default();
        let mut times = Distribution::default();
        for slot in self.slots() {
            slot.add_to(&mut sum, &mut times);
        }
        // A percentile is the middle of a bucket, which may lie beyond the longest run.
        let percentile = |percent| times.percentile(percent).min(sum.nanoseconds_max);
        (sum.nanoseconds_p50, sum.nanoseconds_p99) = (percentile(50), percentile(99));
        sum
    }

    /// Starts from zero.
    pub fn reset(&self) {
        for slot in self.slots() {
            slot.reset();
        }
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        let slots = self.slots.get().map_or(&[][..], |slots| slots);
        slots
            .iter()
            .filter_map(|slot| slot.get())
            .map(|slot| &**slot)
    }
}

impl Slot {
    #[inline]
    fn record(&self, run: &RunRecord) {
        let nanoseconds = run.took.as_secs() * 1_000_000_000 + u64::from(run.took.subsec_nanos());
        match self.more.get() {
            Some(more) if self.calls.load(Ordering::Relaxed) > 1 => more.histogram.add(nanoseconds),
            _ => self.record_early(nanoseconds),
        }
        add(&self.calls, 1);
        add(&self.nanoseconds, nanoseconds);
        raise(&self.nanoseconds_max, nanoseconds);
        raise(&self.memory_max, run.memory);
        if run.inner_calls != 0 {
            add(&self.inner_calls, run.inner_calls);
            add(&self.keys, run.keys);
        }
        if run.exclusive {
            add(&self.exclusive, 1);
        }
        if run.failed || run.reruns != 0 {
            self.record_trouble(run);
        }
    }

    /// The first run's time is its maximum, too; with the second the histogram begins.
    #[cold]
    fn record_early(&self, nanoseconds: u64) {
        if self.calls.load(Ordering::Relaxed) > 0 {
            let histogram = &self.more.get_or_init(Box::default).histogram;
            histogram.add(self.nanoseconds_max.load(Ordering::Relaxed));
            histogram.add(nanoseconds);
        }
    }

    #[cold]
    fn record_trouble(&self, run: &RunRecord) {
        let is_killed = matches!(
            run.failure,
            Some(Failure::Killed | Failure::TimeUp | Failure::OutOfMemory)
        );
        let more = self.more.get_or_init(Box::default);
        add(&more.failures, u64::from(run.failed));
        add(&more.kills, u64::from(is_killed));
        add(&more.undone, u64::from(run.undone));
        add(&more.reruns, run.reruns);
    }

    fn add_to(&self, sum: &mut RunSummary, times: &mut Distribution) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let calls = read(&self.calls);
        if calls == 0 {
            return;
        }
        let more = self.more.get();
        match more {
            Some(more) if calls > 1 => times.add(&more.histogram),
            _ => times.add_one(read(&self.nanoseconds_max)),
        }
        sum.calls += calls;
        if let Some(more) = more {
            sum.failures += read(&more.failures);
            sum.kills += read(&more.kills);
            sum.undone += read(&more.undone);
            sum.reruns += read(&more.reruns);
        }
        sum.exclusive += read(&self.exclusive);
        sum.nanoseconds += read(&self.nanoseconds);
        sum.nanoseconds_max = sum.nanoseconds_max.max(read(&self.nanoseconds_max));
        sum.memory_max = sum.memory_max.max(read(&self.memory_max));
        sum.inner_calls += read(&self.inner_calls);
        sum.keys += read(&self.keys);
    }

    fn reset(&self) {
        for counter in [
            &self.calls,
            &self.exclusive,
            &self.nanoseconds,
            &self.nanoseconds_max,
            &self.memory_max,
            &self.inner_calls,
            &self.keys,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
        if let Some(more) = self.more.get() {
            for counter in [&more.failures, &more.kills, &more.undone, &more.reruns] {
                counter.store(0, Ordering::Relaxed);
            }
            more.histogram.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(microseconds: u64) -> RunRecord {
        RunRecord {
            took: Duration::from_micros(microseconds),
            ..RunRecord::default()
        }
    }

    #[test]
    fn a_single_run_is_every_percentile() {
        let stats = RunStats::default();
        assert_eq!(stats.summary(), RunSummary::default());
        stats.record(1, 2, &run(1000));
        let sum = stats.summary();
        assert_eq!((sum.calls, sum.nanoseconds_max), (1, 1_000_000));
        assert!(sum.nanoseconds_p50.abs_diff(1_000_000) <= 125_000);
        assert!(sum.nanoseconds_p99 <= sum.nanoseconds_max);
    }

    #[test]
    fn what_event_loops_count_is_added_up() {
        let stats = RunStats::default();
        for worker in 0..3 {
            for _ in 0..40 {
                stats.record(worker, 3, &run(10));
            }
            stats.record(worker, 3, &run(5000));
        }
        let trouble = RunRecord {
            failed: true,
            failure: Some(Failure::Killed),
            undone: true,
            reruns: 2,
            exclusive: true,
            memory: 4096,
            inner_calls: 5,
            keys: 3,
            ..run(10)
        };
        stats.record(0, 3, &trouble);
        // No such event loop: nothing is counted, nothing breaks.
        stats.record(3, 3, &run(1));
        let sum = stats.summary();
        assert_eq!((sum.calls, sum.failures, sum.kills), (124, 1, 1));
        assert_eq!((sum.undone, sum.reruns, sum.exclusive), (1, 2, 1));
        assert_eq!((sum.memory_max, sum.inner_calls, sum.keys), (4096, 5, 3));
        assert!((9_000..11_500).contains(&sum.nanoseconds_p50));
        assert!((4_400_000..=5_000_000).contains(&sum.nanoseconds_p99));
        stats.reset();
        assert_eq!(stats.summary(), RunSummary::default());
        stats.record(0, 3, &run(2000));
        assert!(stats.summary().nanoseconds_p50 > 1_700_000);
    }
}
