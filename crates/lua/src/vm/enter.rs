//! Functions that the [dispatch loop](super::dispatch) enters otherwise than by plain calls. What they need is kept out of it.

use super::call::MAX_NATIVE_DEPTH;
use super::copy_value;
use super::kernel::Frames;
use super::stack::lift_parameters;
use crate::heap::Heap;
use crate::loaded::CodeEntry;
use crate::metamethod::Metamethod;
use crate::opcode::Instruction;
use crate::thread::{Finish, Frame, WINDOW, Waiting};
use crate::value::{ClosureHandle, NativeHandle, Value};

/// A function whose frame was pushed.
pub(super) struct Entered<'c> {
    pub(super) entry: &'c CodeEntry,
    pub(super) callee: ClosureHandle,
    pub(super) base: usize,
}

/// What the ways of entering need of the loop.
pub(super) struct Surroundings<'a, 'f, 'c> {
    pub(super) heap: &'a mut Heap,
    pub(super) entries: &'c [CodeEntry],
    pub(super) frames: &'a mut Frames<'f>,
    pub(super) stack: &'a mut [Value],
    pub(super) native_depth: &'a mut u32,
    /// Where the running function goes on.
    pub(super) pc: u32,
}

impl<'c> Surroundings<'_, '_, 'c> {
    /// The code of a function, and its number; none if the loop has not been shown it yet.
    #[inline(always)]
    fn code_of(&self, callee: ClosureHandle) -> Option<(u32, &'c CodeEntry)> {
        let number = self.heap.closures[callee.index()].proto;
        Some((number, self.entries.get(number as usize)?))
    }

    /// Counts one more Lua function called by a native one or in place of one. None if it would be one too many, if its registers, which begin
    /// at `base`, have no room, or if its frames have none.
    #[inline(always)]
    fn nest(&mut self, entry: &CodeEntry, base: usize, frames_fit: bool) -> Option<()> {
        let has_room = self.stack.len() >= base + entry.room as usize && frames_fit;
        if !has_room || *self.native_depth >= MAX_NATIVE_DEPTH {
            return None;
        }
        *self.native_depth += 1;
        Some(())
    }

    /// Leaves the running function where it is.
    #[inline(always)]
    fn leave(&mut self) {
        self.frames.top().pc = self.pc;
    }
}

/// Calls the Lua function that is `__index` of the table `R[B]` for a key it lacks, a constant or `R[C]`; its first result goes to `R[A]`. None if it is
/// not as simple as that; then nothing has happened.
// Inlined: objects with such a function are what classes are made of.
#[inline(always)]
pub(super) fn enter_index<'c>(
    mut around: Surroundings<'_, '_, 'c>,
    instruction: Instruction,
    key: Option<&Value>,
) -> Option<Entered<'c>> {
    let running_base = around.frames.top().base as usize;
    let Value::Table(table) = around.stack[running_base + usize::from(instruction.b())] else {
        return None;
    };
    let heap = &mut *around.heap;
    let metatable = heap.tables[table.index()].metatable?;
    let Some(Value::Function(callee)) = heap.fast_metamethod(metatable, Metamethod::Index) else {
        return None;
    };
    let (number, entry) = around.code_of(callee)?;
    let running = around.entries.get(around.frames.top().proto as usize)?;
    let function = running_base + running.max_stack as usize;
    let base = function + 1;
    around.nest(entry, base, !around.frames.is_full())?;
    around.leave();
    let finish = Finish::Store(instruction.a());
    let frame = Frame::lua(function, base, number, callee, 1, finish);
    around.frames.push(frame);
    let (below, above) = around.stack.split_at_mut(function);
    above[0] = Value::Function(callee);
    above[1] = Value::Table(table);
    let key = match key {
        Some(key) => key,
        None => &below[running_base + usize::from(instruction.c())],
    };
    copy_value(key, &mut above[2]);
    if entry.parameters > 2 {
        above[3..=usize::from(entry.parameters)].fill(Value::Nil);
    }
    Some(Entered {
        entry,
        callee,
        base,
    })
}

/// Calls the Lua function that is the first argument of the `pcall` in slot `function`, of which there are `arguments`. None if it is not as simple as
/// that; then nothing has happened.
#[inline(never)]
pub(super) fn enter_protected<'c>(
    mut around: Surroundings<'_, '_, 'c>,
    instruction: Instruction,
    native: NativeHandle,
    function: usize,
    arguments: usize,
) -> Option<Entered<'c>> {
    let (Value::Function(callee), 1..) = (around.stack[function + 1], arguments) else {
        return None;
    };
    let (number, entry) = around.code_of(callee)?;
    let base = function + 2;
    around.nest(entry, base, around.frames.has_room_for_two())?;
    around.leave();
    let want = i16::from(instruction.c()) - 1;
    let waiting = Waiting::ProtectedCall;
    let frame = Frame::waiting_for(waiting, function, native, want, Finish::Call);
    around.frames.push(frame);
    let finish = Finish::Protected;
    let frame = Frame::lua(function + 1, base, number, callee, -1, finish);
    around.frames.push(frame);
    let parameters = usize::from(entry.parameters);
    if arguments - 1 < parameters {
        around.stack[base + arguments - 1..base + parameters].fill(Value::Nil);
    }
    Some(Entered {
        entry,
        callee,
        base,
    })
}

/// Calls the Lua function in `R[A]`, which has extra arguments: its fixed parameters go above all its arguments. None if it needs a table of the
/// extra ones, or if it is not as simple as that for another reason; then nothing has happened.
#[inline(never)]
pub(super) fn enter_vararg<'c>(
    mut around: Surroundings<'_, '_, 'c>,
    instruction: Instruction,
    callee: ClosureHandle,
    arguments: usize,
) -> Option<Entered<'c>> {
    let (number, entry) = around.code_of(callee)?;
    let function = around.frames.top().base as usize + usize::from(instruction.a());
    let parameters = usize::from(entry.parameters);
    let base = function + 1 + arguments;
    let has_room = around.stack.len() > base + parameters + WINDOW && !around.frames.is_full();
    if !entry.collects_arguments || !has_room {
        return None;
    }
    around.leave();
    let want = i16::from(instruction.c()) - 1;
    let frame = Frame::lua(function, base, number, callee, want, Finish::Call);
    around.frames.push(frame);
    lift_parameters(around.stack, function + 1, arguments, parameters);
    Some(Entered {
        entry,
        callee,
        base,
    })
}
