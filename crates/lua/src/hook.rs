//! Hooks: how a debugger watches a run, instruction by instruction.
//!
//! A VM with a [`Hook`] runs in a second copy of the dispatch loop, which asks the hook before each instruction that gives rise to
//! an [`Event`] of interest. The ordinary copy knows nothing of hooks, so they cost nothing while there is none. The hook sees the whole
//! [`Runtime`] and may look at it and change it (see [`inspect`](crate::inspect)). It may also suspend the run: then the Rust stack is left, the
//! host does what it likes, however long that takes, and [`Vm::resume`](crate::Vm::resume) goes on with the very instruction.
//!
//! Events are those of 5.1's `debug.sethook`: a line is *new* when a function is entered, when control moves to another line, and when it
//! jumps back, even to the same line. (A `while` loop written on one line is new once less than in 5.1: it is not jumped back to be left.)
//! Native functions have no events of their own.

use crate::native::Raise;
use crate::opcode::{Instruction, Opcode};
use crate::runtime::Runtime;
use crate::thread::Frame;
use crate::value::ThreadHandle;
use crate::vm::{Exit, Step};

/// What is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A Lua function was entered; its first instruction is next.
    Call {
        /// It took its caller's place.
        is_tail_call: bool,
    },
    /// The first instruction of a new line is next.
    Line(u32),
    /// Any instruction is next.
    Instruction,
    /// A Lua function is about to return.
    Return,
}

/// Which events a hook is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// [`Event::Call`].
    pub calls: bool,
    /// [`Event::Line`].
    pub lines: bool,
    /// [`Event::Instruction`].
    pub instructions: bool,
    /// [`Event::Return`].
    pub returns: bool,
}

/// What a hook wants.
#[derive(Clone, Copy, Debug)]
pub enum Reaction {
    /// The run goes on.
    Continue,
    /// The run is left before the instruction; [`Vm::is_at_hook`](crate::Vm::is_at_hook) tells this from other suspensions. An instruction whose
    /// events suspend the run does so once, however many events it has.
    Suspend,
    /// The error happens here, in place of the instruction.
    Fail(Raise),
}

/// The host's callback.
pub type Hook = Box<dyn FnMut(Event, &mut Runtime) -> Reaction + Send>;

/// Where the last instruction was.
#[derive(Clone, Copy)]
struct Place {
    thread: ThreadHandle,
    depth: usize,
    callee: u32,
    pc: u32,
    /// It ended its function: what follows at this depth is another call.
    left: bool,
    /// It prepared a loop, whose first turn 5.1 begins with a jump back.
    prepared_loop: bool,
}

/// The hook of a VM and what it has seen.
#[derive(Default)]
pub(crate) struct HookState {
    hook: Option<Hook>,
    events: Events,
    /// The hook was asked about the next instruction.
    pub(crate) asked: bool,
    last: Option<Place>,
}

impl HookState {
    pub(crate) fn set(&mut self, events: Events, hook: Option<Hook>) {
        self.hook = hook;
        self.events = events;
        self.asked = false;
        self.last = None;
    }

    /// Whether runs are to be watched.
    pub(crate) fn is_set(&self) -> bool {
        self.hook.is_some()
    }

    /// A new run begins.
    pub(crate) fn forget_place(&mut self) {
        self.asked = false;
        self.last = None;
    }

    /// Whether the hook has still to be asked about the next instruction; then it is to be left out once.
    #[inline(always)]
    pub(crate) fn must_ask(&mut self) -> bool {
        !std::mem::take(&mut self.asked)
    }

    /// Whether `frame` goes on after the last instruction seen, rather than being entered or returned to.
    fn goes_on(&self, thread: ThreadHandle, depth: usize, frame: &Frame) -> Option<Place> {
        self.last.filter(|last| {
            last.thread == thread
                && last.depth == depth
                && last.callee == frame.callee
                && !last.left
        })
    }
}

impl Runtime {
    /// Asks the hook about the top frame's instruction, past which the frame's `pc` already is.
    pub(crate) fn ask_hook(&mut self) -> Step {
        let depth = self.thread.frames.len();
        let Some(&frame) = self.thread.frames.last() else {
            return Step::Run;
        };
        let pc = frame.pc - 1;
        let Some(proto) = self.frame_proto(&frame) else {
            return Step::Run;
        };
        let line = proto.line(pc as usize).unwrap_or(0);
        let opcode = proto.code[pc as usize].opcode();
        let is_return = matches!(opcode, Opcode::Return | Opcode::Return0 | Opcode::Return1);
        let before = self.hooks.goes_on(self.current, depth, &frame);
        let is_entered = pc == 0 && before.is_none();
        // A function that goes on after a call was last at the call.
        let previous = before.map_or(pc.wrapping_sub(1), |last| last.pc);
        let begins_loop = before.is_some_and(|last| last.prepared_loop) && pc == previous + 1;
        // Where 5.1 has no code of its own for a `local` without values, there is no line.
        let cleared = is_clearing(&proto.code, pc);
        let is_new_line = match before {
            Some(last) if pc <= last.pc => true,
            _ if cleared => false,
            _ if is_entered || begins_loop => true,
            _ if pc > 0 && pc == previous + 1 && is_clearing_from_entry(&proto.code, previous) => {
                true
            }
            _ => proto.line(previous as usize) != Some(line),
        };
        self.hooks.last = Some(Place {
            thread: self.current,
            depth,
            callee: frame.callee,
            pc,
            left: is_return || opcode == Opcode::TailCall,
            prepared_loop: opcode == Opcode::ForPrep,
        });
        let events = self.hooks.events;
        let is_tail_call = frame.tail_calls > 0;
        let happened = [
            (events.calls && is_entered).then_some(Event::Call { is_tail_call }),
            (events.lines && is_new_line).then_some(Event::Line(line)),
            events.instructions.then_some(Event::Instruction),
            (events.returns && is_return).then_some(Event::Return),
        ];
        let mut suspends = false;
        for event in happened.into_iter().flatten() {
            let Some(mut hook) = self.hooks.hook.take() else {
                break;
            };
            let reaction = hook(event, self);
            // The hook may have been replaced meanwhile.
            if self.hooks.hook.is_none() {
                self.hooks.hook = Some(hook);
            }
            match reaction {
                Reaction::Continue => {}
                Reaction::Suspend => suspends = true,
                Reaction::Fail(raise) => return self.raise(raise),
            }
        }
        if suspends {
            return Step::Exit(Exit::SuspendedByHook);
        }
        self.leave_hook();
        Step::Run
    }

    /// Goes on with the instruction the hook was asked about.
    pub(crate) fn leave_hook(&mut self) {
        self.hooks.asked = true;
        if let Some(frame) = self.thread.frames.last_mut() {
            frame.pc -= 1;
        }
    }
}

/// Whether the instruction sets registers to nil that 5.1 takes for nil already, because the function was just entered, or sets
/// with the instruction before.
fn is_clearing(code: &[Instruction], pc: u32) -> bool {
    let at = pc as usize;
    if code[at].opcode() != Opcode::LoadNil {
        return false;
    }
    match at.checked_sub(1).map(|before| code[before]) {
        None => true,
        Some(before) if before.opcode() == Opcode::LoadNil => {
            let end = u32::from(before.a()) + u32::from(before.b()) + 1;
            u32::from(code[at].a()) <= end || is_clearing_from_entry(code, pc)
        }
        Some(_) => false,
    }
}

/// Whether the function has only set registers to nil up to this instruction.
fn is_clearing_from_entry(code: &[Instruction], pc: u32) -> bool {
    let entry = &code[..=pc as usize];
    entry.iter().all(|word| word.opcode() == Opcode::LoadNil)
}
