//! What an instruction leaves the dispatch loop for. Each of these functions finds the top frame's program counter behind the instruction.

use super::{Exit, Step};
use crate::meter::Decision;
use crate::native::Raise;
use crate::opcode::{Instruction, Opcode};
use crate::runtime::Runtime;
use crate::thread::Finish;
use crate::value::NativeHandle;

impl Runtime {
    fn base(&self) -> usize {
        self.thread
            .frames
            .last()
            .map_or(0, |frame| frame.base as usize)
    }

    /// A call of a native function, or one that needs more than pushing a frame.
    #[inline(never)]
    pub(super) fn execute_call(&mut self, instruction: Instruction) -> Step {
        let function = self.base() + instruction.a() as usize;
        let arguments = match instruction.b() {
            0 => self.thread.top.saturating_sub(function + 1),
            b => b as usize - 1,
        };
        let want = i16::from(instruction.c()) - 1;
        self.call_directly(function, arguments, want, Finish::Call)
    }

    /// A call of a native function. An error is what happens otherwise than that it returned.
    #[inline(never)]
    pub(super) fn execute_native(
        &mut self,
        native: NativeHandle,
        function: usize,
        arguments: usize,
        want: i16,
    ) -> Result<(), Step> {
        self.call_native(native, function, arguments, want, Finish::Call)
    }

    /// The same for the function of a generic `for`.
    #[inline(never)]
    pub(super) fn execute_iterator(&mut self, instruction: Instruction) -> Step {
        let first = self.base() + instruction.a() as usize;
        self.thread.stack.copy_within(first..first + 3, first + 3);
        let want = i16::from(instruction.c());
        self.call_directly(first + 3, 2, want, Finish::Iterator)
    }

    /// A return to something else than a plain call, or with captured registers.
    #[inline(never)]
    pub(super) fn execute_return(&mut self, instruction: Instruction) -> Step {
        if instruction.opcode() == Opcode::Return1 && self.return_to_protected_call(instruction) {
            return Step::Run;
        }
        let from = self.base() + instruction.a() as usize;
        let count = match (instruction.opcode(), instruction.b()) {
            (Opcode::Return0, _) => 0,
            (Opcode::Return1, _) => 1,
            (_, 0) => self.thread.top.saturating_sub(from),
            (_, b) => b as usize - 1,
        };
        self.return_from_frame(from, count)
    }

    /// The collector or the memory cap needs attention after an instruction that allocated.
    #[cold]
    pub(super) fn attend_to_memory(&mut self, _: Instruction) -> Step {
        match self.safe_point() {
            Ok(step) => step,
            Err(raise) => self.raise(raise),
        }
    }

    /// The fuel is used up after a jump.
    #[cold]
    pub(super) fn refuel(&mut self, _: Instruction) -> Step {
        self.refuel_on_entry()
    }

    /// The fuel was used up before the loop was entered.
    #[cold]
    pub(super) fn refuel_on_entry(&mut self) -> Step {
        match self.out_of_fuel() {
            Ok(()) => Step::Run,
            Err(None) => Step::Exit(Exit::Suspended),
            Err(Some(raise)) => self.raise(raise),
        }
    }

    /// The fuel is used up before an instruction, which is executed again.
    #[cold]
    pub(super) fn refuel_and_repeat(&mut self, instruction: Instruction) -> Step {
        if let Some(frame) = self.thread.frames.last_mut() {
            frame.pc -= 1;
        }
        // If there is a hook, it knows of the instruction.
        self.hooks.asked = self.hooks.is_set();
        self.refuel(instruction)
    }

    /// The hook wants to know of the instruction.
    #[cold]
    pub(super) fn consult_hook(&mut self, _: Instruction) -> Step {
        self.ask_hook()
    }

    /// Asks the host what to do without fuel: go on, suspend (`Err(None)`) or stop.
    #[cold]
    fn out_of_fuel(&mut self) -> Result<(), Option<Raise>> {
        if self.meter.sample_every > 0 {
            let goes_on = self.meter.reach_sample();
            self.take_samples();
            if goes_on {
                return Ok(());
            }
        }
        if std::mem::take(&mut self.meter.suspend_requested) {
            return Err(None);
        }
        match self.meter.decide() {
            Decision::Continue(fuel) => {
                self.meter.refill(fuel);
                Ok(())
            }
            Decision::Suspend => Err(None),
            Decision::Stop => Err(Some(Raise::Stopped)),
        }
    }

    /// Shows the run to the profiler.
    fn take_samples(&mut self) {
        let due = std::mem::take(&mut self.meter.samples_due);
        if let Some(mut sampler) = self.meter.sampler.take() {
            sampler(self, due);
            self.meter.sampler = Some(sampler);
        }
    }
}
