//! Fuel: how a run is stopped, sliced and sampled.
//!
//! Running code burns fuel at back-edges and calls, and library functions burn it in proportion to their work. When it is
//! used up the host's interrupt callback decides. That one counter carries kills, time limits, time slices and sampling, and costs a
//! subtraction and a branch.

use crate::native::Raise;

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

/// How much fuel a native gets to go on with after the host asked for suspension.
const GRACE: i64 = 100_000;

/// The fuel gauge of a VM.
pub struct Meter {
    pub(crate) fuel: i64,
    pub(crate) interrupt: Option<Interrupt>,
    pub(crate) suspend_requested: bool,
}

impl Meter {
    pub(crate) fn new() -> Meter {
        Meter {
            fuel: i64::MAX,
            interrupt: None,
            suspend_requested: false,
        }
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

    /// Whether the fuel is used up.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.fuel < 0
    }

    /// Asks the host what to do, from code that cannot suspend.
    #[cold]
    fn consult(&mut self) -> Result<(), Raise> {
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
        self.fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
    }
}
