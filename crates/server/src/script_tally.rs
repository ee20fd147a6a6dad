//! What is noted of a script's run while it runs: its inner calls, the keys they name, and the slowest of them.
//!
//! An inner call takes less time than two looks at the clock, so not every call is timed. The clock is read once after each
//! call of a command whose work depends on the data, and after every sixty-fourth call; the VM reads it every few
//! thousand instructions besides. What has passed since the last reading is the call's own time, or so little more that it
//! does not matter for a call that is slow.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use commands::Command;
use commands::record::flag;
use scripting::{Code, Failure, RunRecord};

use crate::machines::Control;
use crate::road::Entry;
use crate::slowlog::{InnerCall, SlowScript, Slowlog};

/// Calls after which the clock is read, however fast they are.
const CALLS_BETWEEN_READINGS: u64 = 64;

/// Calls kept of a run: the slowest.
const SLOWEST_KEPT: usize = 4;

/// A call of any command with more arguments than this may take long.
const FEW_ARGUMENTS: usize = 32;

/// What a tally wants to know of a command, found out once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TallyTraits {
    keys: NamedKeys,
    /// Its work depends on the data.
    may_take_long: bool,
}

#[derive(Clone, Copy, Debug)]
enum NamedKeys {
    None,
    /// Always one, at this index.
    One(usize),
    /// The arguments tell.
    Several,
}

impl TallyTraits {
    pub(crate) fn of(command: &Command) -> TallyTraits {
        let keys = match commands::keys::only_key_index(command) {
            Some(index) => NamedKeys::One(index),
            None if command.keys.is_empty() && command.key_finder.is_none() => NamedKeys::None,
            None => NamedKeys::Several,
        };
        // Not marked as fast, and yet they do little; what they drop is dropped elsewhere.
        let is_quick = matches!(
            command.name,
            "set"
                | "setex"
                | "psetex"
                | "del"
                | "unlink"
                | "append"
                | "setrange"
                | "lset"
                | "rpoplpush"
        );
        TallyTraits {
            keys,
            may_take_long: !command.has(flag::FAST) && !is_quick,
        }
    }
}

/// What a run seldom has.
#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
    failure: Option<Failure>,
    undone: bool,
}

/// The tally of one run.
#[derive(Debug)]
pub(crate) struct RunTally {
    inner_calls: u64,
    keys: DistinctKeys,
    trouble: Trouble,
    /// Bytes the undo log took.
    undo_bytes: usize,
    /// What the script calls itself.
    given_name: Option<Arc<str>>,
    /// When the clock was read last.
    reading: Instant,
    /// From when on a call is slow, in nanoseconds; `u64::MAX` if nobody wants to know.
    slow_from: u64,
    control: Arc<Control>,
    slowest: Vec<InnerCall>,
}

impl RunTally {
    /// A tally for the runs that `control` controls, one after the other.
    pub(crate) fn new(control: Arc<Control>) -> RunTally {
        RunTally {
            inner_calls: 0,
            keys: DistinctKeys::default(),
            trouble: Trouble::default(),
            undo_bytes: 0,
            given_name: None,
            reading: Instant::now(),
            slow_from: u64::MAX,
            control,
            slowest: Vec::new(),
        }
    }

    /// A run begins at `now`, of a script that calls itself `given_name`.
    #[inline]
    pub(crate) fn begin(&mut self, given_name: Option<Arc<str>>, now: Instant, slowlog: &Slowlog) {
        self.inner_calls = 0;
        self.keys.clear();
        self.trouble = Trouble::default();
        self.undo_bytes = 0;
        self.given_name = given_name;
        self.reading = now;
        self.slow_from = slowlog.inner_slow_from();
    }

    /// The run goes on after others were served.
    pub(crate) fn resume(&mut self) {
        self.reading = Instant::now();
    }

    /// The run has failed.
    pub(crate) fn fail(&mut self, failure: Failure, undone: bool) {
        self.trouble.failure = Some(failure);
        self.trouble.undone = undone;
    }

    /// What it took to be able to undo the run.
    pub(crate) fn note_undo_log(&mut self, bytes: usize) {
        self.undo_bytes = self.undo_bytes.max(bytes);
    }

    /// Who calls, as MONITOR shows it.
    pub(crate) fn source(&self) -> Cow<'static, str> {
        match &self.given_name {
            Some(name) => format!("lua:{name}").into(),
            None => "lua".into(),
        }
    }

    /// A command was called; `key_is_noted` if its only key is that of the call before.
    #[inline(always)]
    pub(crate) fn note_call(&mut self, entry: &Entry, args: &[&[u8]], key_is_noted: bool) {
        self.inner_calls += 1;
        if !key_is_noted {
            self.note_keys_of(entry, args);
        }
        let may_take_long = entry.tally.may_take_long || args.len() > FEW_ARGUMENTS;
        if (may_take_long || self.inner_calls.is_multiple_of(CALLS_BETWEEN_READINGS))
            && self.slow_from != u64::MAX
        {
            self.read_clock(may_take_long, args);
        }
    }

    #[inline]
    fn note_keys_of(&mut self, entry: &Entry, args: &[&[u8]]) {
        match entry.tally.keys {
            NamedKeys::None => {}
            NamedKeys::One(index) => {
                if let Some(key) = args.get(index) {
                    self.keys.add(key);
                }
            }
            NamedKeys::Several => self.note_keys(entry, args),
        }
    }

    #[inline(never)]
    fn note_keys(&mut self, entry: &Entry, args: &[&[u8]]) {
        if let Ok(positions) = commands::keys::key_positions(entry.command, args) {
            for position in &positions {
                self.keys.add(args[position.index]);
            }
        }
    }

    #[inline(never)]
    fn read_clock(&mut self, may_take_long: bool, args: &[&[u8]]) {
        let now = Instant::now();
        let since = self.reading.max(self.control.last_look());
        self.reading = now;
        let took = now.saturating_duration_since(since).as_nanos() as u64;
        if may_take_long && took >= self.slow_from {
            self.note_slow(took, args);
        }
    }

    #[cold]
    fn note_slow(&mut self, nanoseconds: u64, args: &[&[u8]]) {
        let microseconds = nanoseconds / 1000;
        let place = self
            .slowest
            .partition_point(|slower| slower.microseconds >= microseconds);
        if place < SLOWEST_KEPT {
            self.slowest.truncate(SLOWEST_KEPT - 1);
            self.slowest
                .insert(place, InnerCall::new(microseconds, args));
        }
    }

    /// The run of `code` is over: `ended` takes what is counted of it.
    #[inline]
    pub(crate) fn end(&mut self, ended: &mut EndedRun, code: Code, run: EndOfRun) {
        ended.code = Some(code);
        ended.record = RunRecord {
            took: Duration::ZERO,
            failed: run.failed,
            failure: self.trouble.failure,
            undone: self.trouble.undone,
            reruns: u64::from(run.reruns),
            exclusive: run.exclusive,
            memory: (run.memory + self.undo_bytes) as u64,
            inner_calls: self.inner_calls,
            keys: self.keys.count(),
        };
        if !self.slowest.is_empty() {
            ended.slowest = std::mem::take(&mut self.slowest);
        }
    }
}

/// What a run's end tells of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndOfRun {
    /// The most bytes it had in use.
    pub(crate) memory: usize,
    /// Its reply is an error or holds one.
    pub(crate) failed: bool,
    /// It held the locks of all keys.
    pub(crate) exclusive: bool,
    /// How often it was undone and started again.
    pub(crate) reruns: u32,
}

/// A run that is over, until its time is known. Each event loop has one, which serves one run after the other.
#[derive(Debug, Default)]
pub(crate) struct EndedRun {
    /// `None` if no run waits for its time.
    code: Option<Code>,
    record: RunRecord,
    slowest: Vec<InnerCall>,
}

impl EndedRun {
    /// Counts the run for its script or function, if there is one.
    #[inline]
    pub(crate) fn count(&mut self, took: Duration, worker: usize, workers: usize) {
        if let Some(code) = &self.code {
            self.record.took = took;
            code.stats().record(worker, workers, &self.record);
        }
    }

    /// What the slow log keeps of the run, if there is one.
    #[cold]
    pub(crate) fn slow(&mut self) -> Option<SlowScript> {
        let code = self.code.as_ref()?;
        Some(SlowScript {
            name: code.name().to_owned(),
            given_name: code.given_name().cloned(),
            inner_calls: self.record.inner_calls,
            slowest: std::mem::take(&mut self.slowest),
        })
    }

    /// The run is counted: the code that it was of.
    #[inline]
    pub(crate) fn clear(&mut self) -> Option<Code> {
        let code = self.code.take()?;
        self.slowest.clear();
        Some(code)
    }
}

/// Registers of [`DistinctKeys`]; a power of two. With 256 the count of many keys is off by six percent.
const REGISTERS: usize = 256;

/// A hash of a key that is good enough to count with, in as few steps as may be: who chooses keys that collide only has
/// them counted as one.
#[inline]
fn hash(key: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let mut hash = FACTOR ^ key.len() as u64;
    let mut rest = key;
    while let Some((word, behind)) = rest.split_first_chunk() {
        hash = mix(hash, u64::from_le_bytes(*word));
        rest = behind;
    }
    if let Some((word, behind)) = rest.split_first_chunk() {
        hash = mix(hash, u64::from(u32::from_le_bytes(*word)));
        rest = behind;
    }
    let end = rest.iter().fold(0, |end, &byte| end << 8 | u64::from(byte));
    mix(hash, end)
}

/// Up to so many registers in use, each stands for a key: two keys rarely share one.
const EXACT_MAX: usize = 12;

/// How many different keys there were, in a fixed space: a HyperLogLog.
#[derive(Debug)]
struct DistinctKeys {
    registers: [u8; REGISTERS],
    used: usize,
    last: u64,
}

impl Default for DistinctKeys {
    fn default() -> DistinctKeys {
        DistinctKeys {
            registers: [0; REGISTERS],
            used: 0,
            last: 0,
        }
    }
}

impl DistinctKeys {
    fn clear(&mut self) {
        if self.used != 0 {
            *self = DistinctKeys::default();
        }
    }

    #[inline]
    fn add(&mut self, key: &[u8]) {
        let hash = hash(key);
        if hash == self.last {
            return;
        }
        self.last = hash;
        let register = &mut self.registers[hash as usize % REGISTERS];
        let rank = hash.leading_zeros() as u8 + 1;
        if *register < rank {
            self.used += usize::from(*register == 0);
            *register = rank;
        }
    }

    /// The number of keys: up to a dozen nearly always to the key, beyond that within six percent or so.
    #[inline]
    fn count(&self) -> u64 {
        if self.used <= EXACT_MAX {
            return self.used as u64;
        }
        self.estimate()
    }

    #[cold]
    fn estimate(&self) -> u64 {
        let registers = REGISTERS as f64;
        let sum: f64 = self
            .registers
            .iter()
            .map(|&rank| (-f64::from(rank)).exp2())
            .sum();
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let unused = (REGISTERS - self.used) as f64;
        let estimate = if raw <= 2.5 * registers && unused > 0.0 {
            registers * (registers / unused).ln()
        } else {
            raw
        };
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_keys_are_counted_closely_and_the_same_ones_once() {
        for (keys, slack) in [
            (0, 0),
            (1, 0),
            (3, 0),
            (100, 20),
            (1000, 200),
            (100_000, 20_000),
        ] {
            let mut distinct = DistinctKeys::default();
            for round in 0..2 {
                for number in 0..keys {
                    distinct.add(format!("key:{number}").as_bytes());
                }
                let count = distinct.count();
                assert!(
                    count.abs_diff(keys) <= slack,
                    "{count} for {keys} in round {round}"
                );
            }
            distinct.clear();
            assert_eq!(distinct.count(), 0);
        }
    }

    #[test]
    fn the_slowest_calls_are_kept_slowest_first() {
        let mut tally = RunTally::new(Arc::new(Control::new()));
        for microseconds in [5, 9, 1, 7, 3, 9, 2] {
            let name = microseconds.to_string();
            tally.note_slow(microseconds * 1000, &[name.as_bytes()]);
        }
        let kept: Vec<u64> = tally.slowest.iter().map(|call| call.microseconds).collect();
        assert_eq!(kept, [9, 9, 7, 5]);
        assert_eq!(tally.slowest[2].args, [b"7"]);
    }
}
