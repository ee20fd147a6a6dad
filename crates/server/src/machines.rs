//! The VMs of an event loop: made when first needed, used for one script after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use scripting::{Script, ScriptCache, ScriptError, Verdict};

use crate::road::Entry;
use crate::script_run::ScriptRun;

/// How long a script runs before its event loop serves others.
const SLICE: Duration = Duration::from_millis(1);

/// Idle VMs an event loop keeps; more are needed only while as many scripts are suspended.
const IDLE_MAX: usize = 8;

/// What a running script is told from outside.
#[derive(Debug)]
pub(crate) struct Control {
    killed: AtomicBool,
    anchor: Instant,
    /// When the slice ends, in nanoseconds after the anchor; 0 before the first look at the clock.
    slice_end: AtomicU64,
}

impl Control {
    pub(crate) fn new() -> Control {
        Control {
            killed: AtomicBool::new(false),
            anchor: Instant::now(),
            slice_end: AtomicU64::new(0),
        }
    }

    /// Makes the script end at its next look.
    pub(crate) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
    }

    /// Starts a run, which nobody has asked to end yet, and its first slice.
    pub(crate) fn start(&self) {
        self.killed.store(false, Ordering::Release);
        self.start_slice();
    }

    /// Starts a slice. Its time counts from the first look at the clock, some microseconds of work later: most scripts are
    /// over before.
    pub(crate) fn start_slice(&self) {
        self.slice_end.store(0, Ordering::Relaxed);
    }

    pub(crate) fn decide(&self) -> Verdict {
        if self.killed.load(Ordering::Acquire) {
            return Verdict::Kill;
        }
        let now = self.anchor.elapsed();
        match self.slice_end.load(Ordering::Relaxed) {
            0 => {
                let end = (now + SLICE).as_nanos() as u64;
                self.slice_end.store(end, Ordering::Relaxed);
                Verdict::Continue
            }
            end if now.as_nanos() as u64 >= end => Verdict::Suspend,
            _ => Verdict::Continue,
        }
    }
}

/// How many scripts an event loop remembers by each of their names. A power of two.
const KNOWN: usize = 64;

/// How a script is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// EVAL
    Text,
    /// EVALSHA
    Sha,
}

/// The scripts an event loop ran last: those it finds without the lock and the hash of the cache, which all share.
#[derive(Default)]
pub(crate) struct KnownScripts {
    /// That of the cache when they were found.
    generation: u64,
    by_text: Box<[Option<Arc<Script>>]>,
    by_sha: Box<[Option<Arc<Script>>]>,
}

impl KnownScripts {
    /// The script of this name.
    ///
    /// # Errors
    /// Of a text: the compiler's message. Of a SHA1: that there is no such script.
    pub(crate) fn find(
        &mut self,
        cache: &ScriptCache,
        name: &[u8],
        by: By,
    ) -> Result<&Arc<Script>, ScriptError> {
        let generation = cache.generation();
        if self.generation != generation || self.by_sha.is_empty() {
            self.generation = generation;
            self.by_text = vec![None; KNOWN].into();
            self.by_sha = vec![None; KNOWN].into();
        }
        let (place, is_known) = match by {
            By::Text => {
                let place = &mut self.by_text[place(name)];
                let is_known = place.as_ref().is_some_and(|known| **known.text() == *name);
                (place, is_known)
            }
            By::Sha => {
                let place = &mut self.by_sha[place(name)];
                let is_known = place
                    .as_ref()
                    .is_some_and(|known| known.sha_bytes() == name);
                (place, is_known)
            }
        };
        if is_known && let Some(script) = place {
            return Ok(script);
        }
        let script = match by {
            By::Text => cache.get_or_compile(name)?,
            By::Sha => cache.get(name).ok_or(ScriptError::NoScript)?,
        };
        Ok(place.insert(script))
    }
}

/// A hash of a few bytes: of a SHA1's digits, or of a text's length and end.
fn place(name: &[u8]) -> usize {
    let end = name.iter().rev().take(8);
    end.fold(name.len(), |hash, &byte| {
        hash.wrapping_mul(31).wrapping_add(usize::from(byte))
    }) % KNOWN
}

/// The VMs of one event loop.
#[derive(Default)]
pub(crate) struct Machines {
    // Each in its box, in which it also runs: VMs are too large to go from hand to hand.
    #[allow(clippy::vec_box, reason = "the boxes go in and out as they are")]
    idle: Vec<Box<ScriptRun>>,
    /// SCRIPT FLUSH counts up; VMs from before are dropped, for they hold code that nobody names any more.
    generation: u64,
    pub(crate) known: KnownScripts,
}

impl Machines {
    /// A VM that is free, to serve `entry`.
    pub(crate) fn take(&mut self, scripts: &ScriptCache, entry: &'static Entry) -> Box<ScriptRun> {
        self.idle
            .pop()
            .unwrap_or_else(|| Box::new(ScriptRun::new(scripts, entry)))
    }

    /// Gives a VM back.
    pub(crate) fn give_back(&mut self, run: Box<ScriptRun>) {
        if self.idle.len() < IDLE_MAX {
            self.idle.push(run);
        }
    }

    /// Drops the idle VMs if there was a flush since the last call.
    pub(crate) fn follow_flush(&mut self, generation: u64) {
        if self.generation != generation {
            self.generation = generation;
            self.idle.clear();
            self.known = KnownScripts::default();
        }
    }

    /// Bytes the idle VMs take.
    pub(crate) fn memory(&self) -> usize {
        self.idle.iter().map(|idle| idle.memory()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_script_is_forgotten_with_the_cache() {
        let cache = ScriptCache::default();
        let mut known = KnownScripts::default();
        let sha = known
            .find(&cache, b"return 1", By::Text)
            .map(|script| *script.sha_bytes())
            .expect("is a script");
        for _ in 0..2 {
            assert!(known.find(&cache, &sha, By::Sha).is_ok());
            assert!(
                known
                    .find(&cache, &sha.to_ascii_uppercase(), By::Sha)
                    .is_ok()
            );
        }
        cache.flush();
        assert!(matches!(
            known.find(&cache, &sha, By::Sha),
            Err(ScriptError::NoScript)
        ));
    }

    #[test]
    fn names_in_the_same_place_are_told_apart() {
        let cache = ScriptCache::default();
        let mut known = KnownScripts::default();
        for round in 0..2 {
            for number in 0..3 * KNOWN {
                let text = format!("return {number}");
                let script = known
                    .find(&cache, text.as_bytes(), By::Text)
                    .expect("is a script");
                assert_eq!(**script.text(), *text.as_bytes(), "round {round}");
            }
        }
    }

    #[test]
    fn a_slice_ends_after_its_time_and_a_kill_comes_first() {
        let control = Control::new();
        control.start();
        assert_eq!(control.decide(), Verdict::Continue);
        std::thread::sleep(2 * SLICE);
        assert_eq!(control.decide(), Verdict::Suspend);
        control.start_slice();
        assert_eq!(control.decide(), Verdict::Continue);
        control.kill();
        assert_eq!(control.decide(), Verdict::Kill);
        control.start();
        assert_eq!(control.decide(), Verdict::Continue);
    }
}
