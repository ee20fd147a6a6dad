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

/// Calls the Lua function that is `__index` of the table `R[B]` for a key it lacks, a constant or `R[C]`; its first result goes to `R[A]`. None if it is
/// not as simple as that; then nothing has happened.
// Inlined: objects with such a function are what classes are made of.
#[inline(always)]
pub(super) fn enter_index<'c>(
    around: Surroundings<'_, '_, 'c>,
    instruction: Instruction,
    key: Option<&Value>,
) -> Option<Entered<'c>> {
    let Surroundings {
        heap,
        entries,
        frames,
        stack,
        native_depth,
        pc,
    } = around;
    let running_base = frames.top().base as usize;
    let Value::Table(table) = stack[running_base + usize::from(instruction.b())] else {
        return None;
    };
    let metatable = heap.tables[table.index()].metatable?;
    let Some(Value::Function(callee)) = heap.fast_metamethod(metatable, Metamethod::Index) else {
        return None;
    };
    let number = heap.closures[callee.index()].proto;
    let entry = entries.get(number as usize)?;
    let running = entries.get(frames.top().proto as usize)?;
    let function = running_base + running.max_stack as usize;
    let base = function + 1;
    if stack.len() < base + entry.room as usize
        || *native_depth >= MAX_NATIVE_DEPTH
        || frames.is_full()
    {
        return None;
    }
    *native_depth += 1;
    frames.top().pc = pc;
    let finish = Finish::Store(instruction.a());
    frames.push(Frame::lua(function, base, number, callee, 1, finish));
    let (below, above) = stack.split_at_mut(function);
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
    around: Surroundings<'_, '_, 'c>,
    instruction: Instruction,
    native: NativeHandle,
    function: usize,
    arguments: usize,
) -> Option<Entered<'c>> {
    let Surroundings {
        heap,
        entries,
        frames,
        stack,
        native_depth,
        pc,
    } = around;
    let (Value::Function(callee), 1..) = (stack[function + 1], arguments) else {
        return None;
    };
    let number = heap.closures[callee.index()].proto;
    let entry = entries.get(number as usize)?;
    let base = function + 2;
    if stack.len() < base + entry.room as usize
        || *native_depth >= MAX_NATIVE_DEPTH
        || !frames.has_room_for_two()
    {
        return None;
    }
    *native_depth += 1;
    frames.top().pc = pc;
    let want = i16::from(instruction.c()) - 1;
    let waiting = Waiting::ProtectedCall;
    frames.push(Frame::waiting_for(
        waiting,
        function,
        native,
        want,
        Finish::Call,
    ));
    let finish = Finish::Protected;
    frames.push(Frame::lua(function + 1, base, number, callee, -1, finish));
    let parameters = usize::from(entry.parameters);
    if arguments - 1 < parameters {
        stack[base + arguments - 1..base + parameters].fill(Value::Nil);
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
    around: Surroundings<'_, '_, 'c>,
    instruction: Instruction,
    callee: ClosureHandle,
    arguments: usize,
) -> Option<Entered<'c>> {
    let Surroundings {
        heap,
        entries,
        frames,
        stack,
        native_depth: _,
        pc,
    } = around;
    let number = heap.closures[callee.index()].proto;
    let entry = entries.get(number as usize)?;
    let function = frames.top().base as usize + usize::from(instruction.a());
    let parameters = usize::from(entry.parameters);
    let base = function + 1 + arguments;
    if !entry.collects_arguments || stack.len() < base + parameters + 1 + WINDOW || frames.is_full()
    {
        return None;
    }
    frames.top().pc = pc;
    let want = i16::from(instruction.c()) - 1;
    frames.push(Frame::lua(
        function,
        base,
        number,
        callee,
        want,
        Finish::Call,
    ));
    lift_parameters(stack, function + 1, arguments, parameters);
    Some(Entered {
        entry,
        callee,
        base,
    })
}
