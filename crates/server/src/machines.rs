//! The VMs of an event loop: made when first needed, used for one script after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use parking_lot::Mutex;
use scripting::{Function, Library, Machine, Script, ScriptCache, Verdict, World};

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
    /// When the run has to end, in nanoseconds after the anchor.
    deadline: AtomicU64,
}

impl Control {
    fn new() -> Control {
        Control {
            killed: AtomicBool::new(false),
            anchor: Instant::now(),
            slice_end: AtomicU64::new(0),
            deadline: AtomicU64::new(u64::MAX),
        }
    }

    /// Makes the script end at its next look.
    pub(crate) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
    }

    /// Starts a run at `now`, which nobody has asked to end yet and which may take `limit_ms` (0: as long as it likes).
    pub(crate) fn reset(&self, now: Instant, limit_ms: u64) {
        self.killed.store(false, Ordering::Release);
        let deadline = match limit_ms {
            0 => u64::MAX,
            limit_ms => {
                let elapsed = now.saturating_duration_since(self.anchor).as_nanos() as u64;
                elapsed.saturating_add(limit_ms.saturating_mul(1_000_000))
            }
        };
        self.deadline.store(deadline, Ordering::Relaxed);
    }

    /// Starts a slice at `now`.
    pub(crate) fn start_slice(&self, now: Instant) {
        let end = now.saturating_duration_since(self.anchor) + SLICE;
        self.slice_end
            .store(end.as_nanos() as u64, Ordering::Relaxed);
    }

    fn decide(&self) -> Verdict {
        if self.killed.load(Ordering::Acquire) {
            return Verdict::Kill;
        }
        let elapsed = self.anchor.elapsed().as_nanos() as u64;
        if elapsed >= self.deadline.load(Ordering::Relaxed) {
            Verdict::TimeUp
        } else if elapsed >= self.slice_end.load(Ordering::Relaxed) {
            Verdict::Suspend
        } else {
            Verdict::Continue
        }
    }
}

/// Where a VM is kept between runs.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// With those of its event loop.
    Pool(World),
    /// With the other libraries that have state: it is the only one that runs this library's functions.
    Library(Arc<Library>),
}

/// A VM and the control of whatever runs in it.
pub(crate) struct ControlledMachine {
    /// In a box, because it is large and goes from hand to hand in every run.
    pub(crate) machine: Box<Machine>,
    pub(crate) control: Arc<Control>,
    /// What the last run borrowed, for the next one.
    pub(crate) lent: Option<Box<Bench>>,
    pub(crate) home: Home,
}

impl ControlledMachine {
    fn new(home: Home, scripts: &ScriptCache) -> ControlledMachine {
        let control = Arc::new(Control::new());
        let watched = Arc::clone(&control);
        let world = match home {
            Home::Pool(world) => world,
            Home::Library(_) => World::Functions,
        };
        ControlledMachine {
            machine: Box::new(Machine::new(
                world,
                Box::new(move || watched.decide()),
                scripts.random_sequence(),
            )),
            control,
            lent: None,
            home,
        }
    }
}

/// The VMs of libraries whose functions leave something behind for later calls: one for each, for all event loops. Who
/// takes one holds the lock that keeps these calls apart, so it is there.
#[derive(Default)]
pub(crate) struct LibraryMachines {
    idle: Mutex<HashMap<u64, ControlledMachine>>,
}

impl LibraryMachines {
    /// The VM of a library; a new one if the library was never called.
    pub(crate) fn take(&self, library: &Arc<Library>, scripts: &ScriptCache) -> ControlledMachine {
        let known = self.idle.lock().remove(&library.id());
        known.unwrap_or_else(|| ControlledMachine::new(Home::Library(Arc::clone(library)), scripts))
    }

    /// Gives a VM back. What it has borrowed belongs to the event loop that ran it.
    pub(crate) fn give_back(&self, mut machine: ControlledMachine, library: &Library) {
        machine.lent = None;
        self.idle.lock().insert(library.id(), machine);
    }

    /// Takes out the VMs of libraries that are gone.
    pub(crate) fn remove(&self, libraries: &[Arc<Library>]) -> Vec<ControlledMachine> {
        let mut idle = self.idle.lock();
        let removed = libraries
            .iter()
            .filter_map(|library| idle.remove(&library.id()));
        removed.collect()
    }

    /// Bytes the idle VMs take.
    pub(crate) fn memory(&self) -> usize {
        let idle = self.idle.lock();
        idle.values().map(|idle| idle.machine.memory()).sum()
    }
}

/// The VMs of one event loop.
#[derive(Default)]
pub(crate) struct Machines {
    idle: Vec<ControlledMachine>,
    idle_for_functions: Vec<ControlledMachine>,
    /// SCRIPT FLUSH and changes of libraries count up; VMs from before are dropped, for they hold code that nobody names any more.
    generation: u64,
    /// The script whose locks were planned last: mostly the one to be run next.
    pub(crate) planned: Option<Arc<Script>>,
    /// The function whose locks were planned last.
    pub(crate) planned_function: Option<Arc<Function>>,
}

impl Machines {
    /// A VM that is free.
    pub(crate) fn take(&mut self, scripts: &ScriptCache) -> ControlledMachine {
        let idle = self.idle.pop();
        idle.unwrap_or_else(|| ControlledMachine::new(Home::Pool(World::Scripts), scripts))
    }

    /// A VM for functions that is free.
    pub(crate) fn take_for_functions(&mut self, scripts: &ScriptCache) -> ControlledMachine {
        let idle = self.idle_for_functions.pop();
        idle.unwrap_or_else(|| ControlledMachine::new(Home::Pool(World::Functions), scripts))
    }

    /// Gives a VM back.
    pub(crate) fn give_back(&mut self, machine: ControlledMachine) {
        let idle = match machine.home {
            Home::Pool(World::Functions) => &mut self.idle_for_functions,
            _ => &mut self.idle,
        };
        if idle.len() < IDLE_MAX && !machine.machine.is_worn() {
            idle.push(machine);
        }
    }

    /// Drops the idle VMs if there was a flush since the last call.
    pub(crate) fn follow_flush(&mut self, generation: u64) {
        if self.generation != generation {
            self.generation = generation;
            self.idle.clear();
            self.idle_for_functions.clear();
            self.planned = None;
            self.planned_function = None;
        }
    }

    /// Bytes the idle VMs for functions take.
    pub(crate) fn memory_for_functions(&self) -> usize {
        let idle = self.idle_for_functions.iter();
        idle.map(|idle| idle.machine.memory()).sum()
    }

    /// Bytes the idle VMs for scripts take.
    pub(crate) fn memory(&self) -> usize {
        self.idle.iter().map(|idle| idle.machine.memory()).sum()
    }
}
