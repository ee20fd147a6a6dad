//! Calls of native functions that just ask the host: the answer goes straight to the register of the result.
//!
//! Such a call leaves the dispatch loop for nothing but the host itself: no [`Call`](crate::native::Call) is built, and code, registers and
//! frames stay in hand.

use super::Step;
use crate::heap::Heap;
use crate::meter::Meter;
use crate::native::{Answer, Host, Question, Raise};
use crate::opcode::Instruction;
use crate::runtime::Runtime;
use crate::thread::WINDOW;

/// Carries out a call instruction whose callee asks the host. None if it has to be carried out as any other; then nothing has happened.
#[inline(always)]
pub(super) fn put(
    question: Question,
    (host, heap, meter): (&mut Option<Box<dyn Host>>, &mut Heap, &mut Meter),
    registers: &mut [crate::value::Value; WINDOW],
    base: usize,
    top: &mut usize,
    instruction: Instruction,
) -> Option<Answer> {
    let first = instruction.a() as usize;
    // The operand is one more than the results wanted; 0 stands for all there are.
    let wanted = instruction.c();
    if wanted > 2 {
        return None;
    }
    let end = match instruction.b() {
        0 => top.wrapping_sub(base),
        b => first + b as usize,
    };
    let host = host.as_deref_mut()?;
    let (place, arguments) = registers.get_mut(first..end)?.split_first_mut()?;
    meter.burn(u64::from(question.work));
    let answer = host.answer(heap, arguments, place).on_time(meter);
    if wanted == 0 {
        *top = base + first + 1;
    }
    match answer {
        Answer::Error if question.catches_errors => Some(Answer::Value),
        answer => Some(answer),
    }
}

impl Runtime {
    /// The host's answer, in the register of the result, is an error.
    #[cold]
    pub(super) fn raise_answer(&mut self, instruction: Instruction) -> Step {
        let base = self
            .thread
            .frames
            .last()
            .map_or(0, |frame| frame.base as usize);
        let error = self.thread.stack[base + instruction.a() as usize];
        self.raise(Raise::Error(error))
    }

    /// The host ends the run.
    #[cold]
    pub(super) fn stop(&mut self, _: Instruction) -> Step {
        self.raise(Raise::Stopped)
    }

    /// The host's answer does not fit under the memory cap.
    #[cold]
    pub(super) fn run_out_of_memory(&mut self, _: Instruction) -> Step {
        self.raise(Raise::OutOfMemory)
    }
}
