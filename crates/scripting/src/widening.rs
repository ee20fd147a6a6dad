//! What is learnt of code that may touch keys it does not declare: which locks its runs had better start with.
//!
//! Such a run starts under the locks of the keys it declares and takes others when it meets them. If one of those is not
//! free, the run is undone and starts again under all the locks it was seen to need. What it needed is remembered for
//! runs that declare the same locks: a script that builds its keys from a prefix mostly needs the same ones again. After
//! a while it is forgotten, to be learnt again if it still holds; the while gets longer each time it does. Code of which
//! many runs are lost although this is remembered, for each needs other locks, runs under all locks for a while.
//!
//! Sets of locks are bits of a number here; which bit is which lock is the keyspace's to know.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How many runs start under more locks after the first lost one.
const WIDE_RUNS_MIN: u32 = 16;

/// How many at the most, after each further one has doubled their number.
const WIDE_RUNS_MAX: u32 = 4096;

/// For how many sets of declared locks something is remembered at a time. A power of two.
const REMEMBERED: usize = 16;

/// A run that needs more locks than this takes all of them.
const LOCKS_MAX: u32 = 32;

/// A lost run weighs as much as so many that went well: with more than a third lost, all locks are better.
const LOST_RUN_WEIGHT: u32 = 2;

/// The weight of lost runs from which on runs start with all locks.
const LOST_WEIGHT_MAX: u32 = 64;

/// How many runs do so then.
const EXCLUSIVE_RUNS: u32 = 512;

/// Every lock.
const ALL: u64 = u64::MAX;

/// What is remembered of one script or function. Threads may count past each other: nothing but speed depends on it.
#[derive(Debug, Default)]
pub struct Widening {
    /// There from the first lost run on, which most code never has.
    history: OnceLock<Box<History>>,
}

#[derive(Debug, Default)]
struct History {
    reruns: AtomicU64,
    learnt: [Learnt; REMEMBERED],
    /// The weight of the runs that were lost lately.
    lost_weight: AtomicU32,
    /// Runs that still start with all locks.
    exclusive_runs: AtomicU32,
}

/// What runs that declare the same locks need.
#[derive(Debug, Default)]
struct Learnt {
    declared: AtomicU64,
    needed: AtomicU64,
    /// Runs that still start with what is needed.
    runs: AtomicU32,
    /// How many they were the last time; 0 if the last run under few locks went well.
    last: AtomicU32,
}

impl Widening {
    /// The locks a run that declares `declared` had better start with besides; 0 if there is nothing to be said.
    #[inline]
    pub fn needed(&self, declared: u64) -> u64 {
        match self.history.get() {
            None => 0,
            Some(history) => history.needed(declared),
        }
    }

    /// A run that declared `declared` met a lock that was not free and starts again with `needed`.
    pub fn note_conflict(&self, declared: u64, needed: u64) {
        let history = self.history.get_or_init(Box::default);
        history.reruns.fetch_add(1, Ordering::Relaxed);
        let learnt = &history.learnt[place(declared)];
        let mut needed = needed;
        if learnt.declared.swap(declared, Ordering::Relaxed) == declared {
            needed |= learnt.needed.load(Ordering::Relaxed);
        } else {
            learnt.last.store(0, Ordering::Relaxed);
        }
        if needed.count_ones() > LOCKS_MAX {
            needed = ALL;
        }
        let runs = (learnt.last.load(Ordering::Relaxed) * 2).clamp(WIDE_RUNS_MIN, WIDE_RUNS_MAX);
        learnt.last.store(runs, Ordering::Relaxed);
        learnt.needed.store(needed, Ordering::Relaxed);
        learnt.runs.store(runs, Ordering::Relaxed);
        let weight = history.lost_weight.load(Ordering::Relaxed) + LOST_RUN_WEIGHT;
        if weight < LOST_WEIGHT_MAX {
            history.lost_weight.store(weight, Ordering::Relaxed);
        } else {
            history.lost_weight.store(0, Ordering::Relaxed);
            history
                .exclusive_runs
                .store(EXCLUSIVE_RUNS, Ordering::Relaxed);
        }
    }

    /// A run that declared `declared` went well.
    #[inline]
    pub fn note_success(&self, declared: u64) {
        if let Some(history) = self.history.get() {
            count_down(&history.lost_weight);
            let learnt = &history.learnt[place(declared)];
            if learnt.runs.load(Ordering::Relaxed) == 0
                && learnt.last.load(Ordering::Relaxed) != 0
                && learnt.declared.load(Ordering::Relaxed) == declared
            {
                learnt.last.store(0, Ordering::Relaxed);
                learnt.needed.store(0, Ordering::Relaxed);
            }
        }
    }

    /// How many runs were undone and started again.
    pub fn reruns(&self) -> u64 {
        let history = self.history.get();
        history.map_or(0, |history| history.reruns.load(Ordering::Relaxed))
    }
}

impl History {
    #[cold]
    fn needed(&self, declared: u64) -> u64 {
        if count_down(&self.exclusive_runs) {
            return ALL;
        }
        let learnt = &self.learnt[place(declared)];
        if learnt.declared.load(Ordering::Relaxed) == declared && count_down(&learnt.runs) {
            learnt.needed.load(Ordering::Relaxed)
        } else {
            0
        }
    }
}

/// Takes one off a count; false if nothing was left.
fn count_down(count: &AtomicU32) -> bool {
    let left = count.load(Ordering::Relaxed);
    if left > 0 {
        count.store(left - 1, Ordering::Relaxed);
    }
    left > 0
}

/// Where a set of declared locks is looked for.
fn place(declared: u64) -> usize {
    let mixed = declared.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - REMEMBERED.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How runs of a script or function get their locks.
    #[derive(Debug, PartialEq)]
    enum Locking {
        /// They start with those of the keys they declare.
        Declared,
        /// Some start with others as well, which earlier ones were seen to need.
        Learnt,
        /// Some start with all of them.
        Exclusive,
    }

    impl Widening {
        /// How runs get their locks now.
        fn locking(&self) -> Locking {
            let Some(history) = self.history.get() else {
                return Locking::Declared;
            };
            if history.exclusive_runs.load(Ordering::Relaxed) > 0 {
                return Locking::Exclusive;
            }
            let learnt = history.learnt.iter();
            learnt
                .filter(|learnt| learnt.runs.load(Ordering::Relaxed) > 0)
                .map(|learnt| learnt.needed.load(Ordering::Relaxed))
                .fold(Locking::Declared, |locking, needed| {
                    if needed == ALL || locking == Locking::Exclusive {
                        Locking::Exclusive
                    } else {
                        Locking::Learnt
                    }
                })
        }
    }

    fn wide_runs(widening: &Widening, declared: u64) -> usize {
        (0..).take_while(|_| widening.needed(declared) != 0).count()
    }

    #[test]
    fn what_was_needed_is_remembered_for_longer_each_time() {
        let widening = Widening::default();
        assert_eq!(widening.needed(1), 0);
        for wanted in [16, 32, 64] {
            widening.note_conflict(1, 5);
            assert_eq!(widening.locking(), Locking::Learnt);
            assert_eq!(wide_runs(&widening, 1), wanted);
        }
        assert_eq!(widening.locking(), Locking::Declared);
        widening.note_success(1);
        widening.note_conflict(1, 5);
        assert_eq!(wide_runs(&widening, 1), 16);
        assert_eq!(widening.reruns(), 4);
    }

    #[test]
    fn needs_add_up_until_a_run_goes_well_without() {
        let widening = Widening::default();
        widening.note_conflict(1, 0b101);
        widening.note_conflict(1, 0b1001);
        assert_eq!(widening.needed(1), 0b1101);
        wide_runs(&widening, 1);
        widening.note_success(1);
        widening.note_conflict(1, 0b11);
        assert_eq!(widening.needed(1), 0b11);
    }

    #[test]
    fn who_needs_many_locks_gets_all() {
        let widening = Widening::default();
        widening.note_conflict(0, u64::MAX >> 20);
        assert_eq!(widening.needed(0), ALL);
        assert_eq!(widening.locking(), Locking::Exclusive);
    }

    #[test]
    fn code_that_loses_many_runs_gets_all_locks_for_a_while() {
        let widening = Widening::default();
        for run in 0..200 {
            widening.note_conflict(1 << (run % 64), 3 << (run % 63));
            for _ in 0..3 {
                widening.note_success(0);
            }
        }
        assert_eq!(widening.locking(), Locking::Learnt, "a quarter is lost");
        for run in 0..32 {
            widening.note_conflict(1 << run, 3 << run);
        }
        assert_eq!(widening.locking(), Locking::Exclusive);
        for _ in 0..EXCLUSIVE_RUNS {
            assert_eq!(widening.needed(1 << 60), ALL);
        }
        assert_ne!(widening.needed(1 << 60), ALL);
    }

    #[test]
    fn runs_that_declare_other_locks_are_told_apart() {
        let widening = Widening::default();
        for declared in 0..64 {
            widening.note_conflict(1 << declared, 0b111 << declared);
            (0..LOST_RUN_WEIGHT).for_each(|_| widening.note_success(0));
            assert_eq!(widening.needed(1 << declared), 0b111 << declared);
        }
        let remembered = (0..64).filter(|n| widening.needed(1 << n) != 0).count();
        assert!((REMEMBERED / 2..=REMEMBERED).contains(&remembered));
        for declared in 0..64 {
            assert!(
                matches!(widening.needed(1 << declared), n if n == 0 || n == 0b111 << declared)
            );
        }
    }
}
