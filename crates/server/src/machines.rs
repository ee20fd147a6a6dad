//! The VMs of an event loop: made when first needed, used for one script after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use scripting::{Machine, Script, ScriptCache, Verdict};

use crate::road::run::Bench;

/// How long a script runs before its event loop serves others.
const SLICE: Duration = Duration::from_millis(1);

/// Idle VMs an event loop keeps; more are needed only while as many scripts are suspended.
const IDLE_MAX: usize = 8;

/// What a running script is told from outside.
#[derive(Debug)]
pub(crate) struct Control {
    killed: AtomicBool,
    anchor: Instant,
    /// When the slice ends, in nanoseconds after the anchor.
    slice_end: AtomicU64,
}

impl Control {
    fn new() -> Control {
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

    /// Starts a run, which nobody has asked to end yet.
    pub(crate) fn reset(&self) {
        self.killed.store(false, Ordering::Release);
    }

    /// Starts a slice at `now`.
    pub(crate) fn start_slice(&self, now: Instant) {
        let end = now.saturating_duration_since(self.anchor) + SLICE;
        self.slice_end
            .store(end.as_nanos() as u64, Ordering::Relaxed);
    }

    fn decide(&self) -> Verdict {
        if self.killed.load(Ordering::Acquire) {
            Verdict::Kill
        } else if self.anchor.elapsed().as_nanos() as u64 >= self.slice_end.load(Ordering::Relaxed)
        {
            Verdict::Suspend
        } else {
            Verdict::Continue
        }
    }
}

/// A VM and the control of whatever runs in it.
pub(crate) struct ControlledMachine {
    /// In a box, because it is large and goes from hand to hand in every run.
    pub(crate) machine: Box<Machine>,
    pub(crate) control: Arc<Control>,
    /// What the last run borrowed, for the next one.
    pub(crate) lent: Option<Box<Bench>>,
}

/// The VMs of one event loop.
#[derive(Default)]
pub(crate) struct Machines {
    idle: Vec<ControlledMachine>,
    /// SCRIPT FLUSH counts up; VMs from before are dropped, for they hold code that nobody names any more.
    generation: u64,
    /// The script whose locks were planned last: mostly the one to be run next.
    pub(crate) planned: Option<Arc<Script>>,
}

impl Machines {
    /// A VM that is free.
    pub(crate) fn take(&mut self, scripts: &ScriptCache) -> ControlledMachine {
        self.idle.pop().unwrap_or_else(|| Self::make(scripts))
    }

    /// A new VM, for a run that leaves it unfit for others.
    pub(crate) fn make(scripts: &ScriptCache) -> ControlledMachine {
        let control = Arc::new(Control::new());
        let watched = Arc::clone(&control);
        ControlledMachine {
            machine: Box::new(Machine::new(
                Box::new(move || watched.decide()),
                scripts.random_sequence(),
            )),
            control,
            lent: None,
        }
    }

    /// Gives a VM back.
    pub(crate) fn give_back(&mut self, machine: ControlledMachine) {
        if self.idle.len() < IDLE_MAX {
            self.idle.push(machine);
        }
    }

    /// Drops the idle VMs if there was a flush since the last call.
    pub(crate) fn follow_flush(&mut self, generation: u64) {
        if self.generation != generation {
            self.generation = generation;
            self.idle.clear();
            self.planned = None;
        }
    }

    /// Bytes the idle VMs take.
    pub(crate) fn memory(&self) -> usize {
        self.idle.iter().map(|idle| idle.machine.memory()).sum()
    }
}
