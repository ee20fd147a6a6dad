//! Fuel: how a run is stopped, sliced and sampled.
//!
//! Running code burns fuel at back-edges and calls, and library functions burn it in proportion to their work. When it is
//! used up the host's interrupt callback decides. That one counter carries kills, time limits, time slices and sampling, and costs a
//! subtraction and a branch.

use crate::native::Raise;
use crate::runtime::Runtime;

/// What the host wants after the fuel is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on with this much more fuel.
    Continue(u64),
    /// Return `Outcome::Suspended` from the run at the next instruction boundary; the run can be resumed later. Inside a native function,
    /// which cannot be left half-way, the native goes on and the run is suspended right after it.
    Suspend,
    /// End the run with an error that no `pcall` and no coroutine can catch.
    Stop,
}

/// The host's interrupt callback.
pub type Interrupt = Box<dyn FnMut() -> Decision + Send>;

/// A profiler's callback: it looks at the run ([`Runtime::call_stack`]) and counts what it sees, as often as it is told.
pub type Sampler = Box<dyn FnMut(&Runtime, u32) + Send>;

/// How much fuel a native gets to go on with after the host asked for suspension.
const GRACE: i64 = 100_000;
/// Slots of a table that can be looked at for a unit of fuel.
const SLOTS_PER_UNIT: usize = 16;

/// The fuel gauge of a VM.
pub struct Meter {
    pub(crate) fuel: i64,
    pub(crate) interrupt: Option<Interrupt>,
    pub(crate) suspend_requested: bool,
    /// Fuel between two samples; 0 for none.
    pub(crate) sample_every: u64,
    /// What the run may still burn when the fuel up to the next sample is used up.
    held_back: u64,
    /// Samples that are to be taken as soon as the stack can be seen.
    pub(crate) samples_due: u32,
    pub(crate) sampler: Option<Sampler>,
}

impl Meter {
    pub(crate) fn new() -> Meter {
        Meter {
            fuel: i64::MAX,
            interrupt: None,
            suspend_requested: false,
            sample_every: 0,
            held_back: 0,
            samples_due: 0,
            sampler: None,
        }
    }

    /// The fuel that is left of what the run was last given.
    pub fn left(&self) -> u64 {
        self.held_back + self.fuel.max(0).unsigned_abs()
    }

    /// Burns `units` of fuel. One unit is about the work of a few instructions or 16 bytes of bulk copying: charge
    /// loops over bytes by `length / 16 + 1`, loops over elements by their number. Long loops charge in chunks so that they can be stopped.
    ///
    /// Fails only when the host decided to stop the run; pass that failure on with `?`.
    #[inline]
    pub fn charge(&mut self, units: u64) -> Result<(), Raise> {
        self.fuel = self.fuel.saturating_sub_unsigned(units);
        if self.fuel < 0 {
            self.consult()
        } else {
            Ok(())
        }
    }

    /// Burns `units` of fuel without asking the host: for short work that cannot fail, before the dispatch loop looks next.
    #[inline]
    pub fn burn(&mut self, units: u64) {
        self.fuel = self.fuel.saturating_sub_unsigned(units);
    }

    /// Leaves no fuel, so that the dispatch loop asks the host when it looks next.
    #[cold]
    pub(crate) fn exhaust(&mut self) {
        self.held_back = 0;
        self.fuel = self.fuel.min(-1);
    }

    /// Burns fuel for slots of a table looked at in search of the next entry: nothing for a few.
    #[inline(always)]
    pub(crate) fn burn_for_slots(&mut self, slots: usize) {
        if slots >= SLOTS_PER_UNIT {
            std::hint::cold_path();
            self.burn((slots / SLOTS_PER_UNIT) as u64);
        }
    }

    /// Has `sampler` called once in `fuel` units, with how many units' multiples have passed since the last time; none to stop that.
    ///
    /// The stack is looked at where the run could be left: at the first call or back-edge after the fuel was burnt. What a native function
    /// burns is seen right after it.
    pub fn set_sampler(&mut self, fuel: u64, sampler: Option<Sampler>) {
        self.sample_every = if sampler.is_some() { fuel.max(1) } else { 0 };
        self.sampler = sampler;
        self.samples_due = 0;
    }

    /// Whether the fuel is used up.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.fuel < 0
    }

    /// Asks the host what to do, from code that cannot suspend.
    #[cold]
    fn consult(&mut self) -> Result<(), Raise> {
        if self.reach_sample() {
            return Ok(());
        }
        match self.decide() {
            Decision::Continue(fuel) => {
                self.refill(fuel);
                Ok(())
            }
            Decision::Suspend => {
                // Asked twice: without fuel the dispatch loop suspends the run at its next look.
                self.fuel = if self.suspend_requested { -1 } else { GRACE };
                self.suspend_requested = true;
                Ok(())
            }
            Decision::Stop => Err(Raise::Stopped),
        }
    }

    /// Asks the host; without a callback the run is to be suspended.
    pub(crate) fn decide(&mut self) -> Decision {
        self.interrupt
            .as_mut()
            .map_or(Decision::Suspend, |interrupt| interrupt())
    }

    pub(crate) fn refill(&mut self, fuel: u64) {
        self.held_back = 0;
        self.fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        if self.sample_every > 0 && fuel > self.sample_every {
            self.fuel = i64::try_from(self.sample_every).unwrap_or(i64::MAX);
            self.held_back = fuel - self.sample_every;
        }
    }

    /// Without fuel: whether that was only the fuel up to the next samples, which then are due.
    pub(crate) fn reach_sample(&mut self) -> bool {
        if self.sample_every == 0 {
            return false;
        }
        let overdrawn = self.fuel.unsigned_abs();
        let passed = 1 + overdrawn / self.sample_every;
        self.samples_due = self
            .samples_due
            .saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        if self.held_back <= overdrawn {
            self.held_back = 0;
            return false;
        }
        let held_back = self.held_back - overdrawn;
        self.refill(held_back);
        true
    }
}
