//! The VMs of an event loop: made when first needed, used for one script after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use parking_lot::Mutex;
use scripting::{Library, ScriptCache, Verdict, World};

use crate::few_locks::Planning;
use crate::known_code::KnownCode;
use crate::road::Entry;
use crate::script_call::FoundCall;
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
    /// When the run has to end, in nanoseconds after the anchor.
    deadline: AtomicU64,
    /// The last look at the clock, in nanoseconds after the anchor.
    looked: AtomicU64,
}

impl Control {
    pub(crate) fn new() -> Control {
        Control {
            killed: AtomicBool::new(false),
            anchor: Instant::now(),
            slice_end: AtomicU64::new(0),
            deadline: AtomicU64::new(u64::MAX),
            looked: AtomicU64::new(0),
        }
    }

    /// Makes the script end at its next look.
    pub(crate) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
    }

    /// Starts a run, which nobody has asked to end yet and which has to end at `deadline`, if there is one, and its first slice.
    pub(crate) fn start(&self, deadline: Option<Instant>) {
        self.killed.store(false, Ordering::Release);
        let deadline = deadline.map_or(u64::MAX, |deadline| {
            deadline.saturating_duration_since(self.anchor).as_nanos() as u64
        });
        self.deadline.store(deadline, Ordering::Relaxed);
        self.start_slice();
    }

    /// Starts a slice. Its time counts from the first look at the clock, some microseconds of work later: most scripts are
    /// over before.
    pub(crate) fn start_slice(&self) {
        self.slice_end.store(0, Ordering::Relaxed);
    }

    /// When the run last looked at the clock.
    pub(crate) fn last_look(&self) -> Instant {
        self.anchor + Duration::from_nanos(self.looked.load(Ordering::Relaxed))
    }

    pub(crate) fn decide(&self) -> Verdict {
        if self.killed.load(Ordering::Acquire) {
            return Verdict::Kill;
        }
        let elapsed = self.anchor.elapsed().as_nanos() as u64;
        self.looked.store(elapsed, Ordering::Relaxed);
        if elapsed >= self.deadline.load(Ordering::Relaxed) {
            return Verdict::TimeUp;
        }
        match self.slice_end.load(Ordering::Relaxed) {
            0 => {
                let end = elapsed.saturating_add(SLICE.as_nanos() as u64);
                self.slice_end.store(end, Ordering::Relaxed);
                Verdict::Continue
            }
            end if elapsed >= end => Verdict::Suspend,
            _ => Verdict::Continue,
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

/// A new VM for a debugged run, which leaves it unfit for others.
pub(crate) fn for_debugging(
    world: World,
    scripts: &ScriptCache,
    entry: &'static Entry,
) -> Box<ScriptRun> {
    Box::new(ScriptRun::new(Home::Pool(world), scripts, entry))
}

/// The VMs of libraries whose functions leave something behind for later calls: one for each, for all event loops. Who
/// takes one holds the lock that keeps these calls apart, so it is there.
#[derive(Default)]
pub(crate) struct LibraryMachines {
    idle: Mutex<HashMap<u64, Box<ScriptRun>>>,
}

impl LibraryMachines {
    /// The VM of a library; a new one if the library was never called.
    pub(crate) fn take(
        &self,
        library: &Arc<Library>,
        scripts: &ScriptCache,
        entry: &'static Entry,
    ) -> Box<ScriptRun> {
        let known = self.idle.lock().remove(&library.id());
        known.unwrap_or_else(|| {
            let home = Home::Library(Arc::clone(library));
            Box::new(ScriptRun::new(home, scripts, entry))
        })
    }

    /// Gives a VM back.
    pub(crate) fn give_back(&self, run: Box<ScriptRun>, library: &Library) {
        self.idle.lock().insert(library.id(), run);
    }

    /// Takes out the VMs of libraries that are gone.
    pub(crate) fn remove(&self, libraries: &[Arc<Library>]) -> Vec<ScriptRun> {
        let mut idle = self.idle.lock();
        let removed = libraries
            .iter()
            .filter_map(|library| idle.remove(&library.id()).map(|run| *run));
        removed.collect()
    }

    /// Bytes the idle VMs take.
    pub(crate) fn memory(&self) -> usize {
        let idle = self.idle.lock();
        idle.values().map(|idle| idle.memory()).sum()
    }
}

/// The VMs of one event loop.
#[derive(Default)]
pub(crate) struct Machines {
    // Each in its box, in which it also runs: VMs are too large to go from hand to hand.
    #[allow(clippy::vec_box, reason = "the boxes go in and out as they are")]
    idle: Vec<Box<ScriptRun>>,
    #[allow(clippy::vec_box, reason = "the boxes go in and out as they are")]
    idle_for_functions: Vec<Box<ScriptRun>>,
    /// SCRIPT FLUSH and changes of libraries count up; VMs from before are dropped, for they hold code that nobody names any more.
    generation: u64,
    pub(crate) known: KnownCode,
    pub(crate) planning: Planning,
    /// The call whose locks were planned last, for its handler.
    pub(crate) planned: Option<FoundCall>,
}

impl Machines {
    /// A VM for scripts that is free, to serve `entry`.
    pub(crate) fn take(&mut self, scripts: &ScriptCache, entry: &'static Entry) -> Box<ScriptRun> {
        let idle = self.idle.pop();
        idle.unwrap_or_else(|| Box::new(ScriptRun::new(Home::Pool(World::Scripts), scripts, entry)))
    }

    /// A VM for functions that is free, to serve `entry`.
    pub(crate) fn take_for_functions(
        &mut self,
        scripts: &ScriptCache,
        entry: &'static Entry,
    ) -> Box<ScriptRun> {
        let idle = self.idle_for_functions.pop();
        idle.unwrap_or_else(|| {
            Box::new(ScriptRun::new(Home::Pool(World::Functions), scripts, entry))
        })
    }

    /// Gives a VM back.
    pub(crate) fn give_back(&mut self, run: Box<ScriptRun>) {
        let idle = match run.home() {
            Home::Pool(World::Functions) => &mut self.idle_for_functions,
            _ => &mut self.idle,
        };
        if idle.len() < IDLE_MAX && !run.is_worn() {
            idle.push(run);
        }
    }

    /// Drops the idle VMs if there was a flush since the last call.
    pub(crate) fn follow_flush(&mut self, generation: u64) {
        if self.generation != generation {
            self.generation = generation;
            self.idle.clear();
            self.idle_for_functions.clear();
            self.known = KnownCode::default();
            self.planned = None;
        }
    }

    /// Drops the idle VMs, for their memory.
    pub(crate) fn drop_idle(&mut self) {
        self.idle.clear();
        self.idle_for_functions.clear();
    }

    /// Bytes the idle VMs for functions take.
    pub(crate) fn memory_for_functions(&self) -> usize {
        let idle = self.idle_for_functions.iter();
        idle.map(|idle| idle.memory()).sum()
    }

    /// Bytes the idle VMs for scripts take.
    pub(crate) fn memory(&self) -> usize {
        self.idle.iter().map(|idle| idle.memory()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_ends_after_its_time_and_a_kill_comes_first() {
        let control = Control::new();
        control.start(None);
        assert_eq!(control.decide(), Verdict::Continue);
        std::thread::sleep(2 * SLICE);
        assert_eq!(control.decide(), Verdict::Suspend);
        control.start_slice();
        assert_eq!(control.decide(), Verdict::Continue);
        control.kill();
        assert_eq!(control.decide(), Verdict::Kill);
        control.start(Some(Instant::now() + Duration::from_millis(1)));
        assert_eq!(control.decide(), Verdict::Continue);
        std::thread::sleep(2 * SLICE);
        assert_eq!(control.decide(), Verdict::TimeUp);
    }
}
