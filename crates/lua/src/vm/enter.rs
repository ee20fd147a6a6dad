//! Functions that the [dispatch loop](super::dispatch) enters otherwise than by plain calls. What they need is kept out of it.

use super::call::MAX_NATIVE_DEPTH;
use super::copy_value;
use super::kernel::Frames;
use crate::heap::Heap;
use crate::loaded::CodeEntry;
use crate::metamethod::Metamethod;
use crate::opcode::Instruction;
use crate::thread::{Finish, Frame, Waiting};
use crate::value::{ClosureHandle, NativeHandle, Value};

/// A function whose frame was pushed.
pub(super) struct Entered<'c> {
    pub(super) entry: &'c CodeEntry,
    pub(super) callee: ClosureHandle,
    pub(super) base: usize,
}

/// What both ways of entering need of the loop.
pub(super) struct Surroundings<'a, 'f, 'c> {
    pub(super) heap: &'a mut Heap,
    pub(super) entries: &'c [CodeEntry],
    pub(super) frames: &'a mut Frames<'f>,
    pub(super) stack: &'a mut [Value],
    pub(super) native_depth: &'a mut u32,
    /// Where the running function goes on.
    pub(super) pc: u32,
}

/// Calls the Lua function that is `__index` of a table for a key it lacks; its first result goes to the register `target`. None if it is not as simple as
/// that; then nothing has happened.
#[inline(always)]
pub(super) fn enter_index<'c>(
    around: Surroundings<'_, '_, 'c>,
    object: &Value,
    key: &Value,
    target: u8,
) -> Option<Entered<'c>> {
    let Surroundings {
        heap,
        entries,
        frames,
        stack,
        native_depth,
        pc,
    } = around;
    let Value::Table(table) = *object else {
        return None;
    };
    let metatable = heap.tables[table.index()].metatable?;
    let Some(Value::Function(callee)) = heap.fast_metamethod(metatable, Metamethod::Index) else {
        return None;
    };
    let number = heap.closures[callee.index()].proto;
    let entry = entries.get(number as usize)?;
    let running = entries.get(frames.top().proto as usize)?;
    let function = frames.top().base as usize + running.max_stack as usize;
    let base = function + 1;
    if stack.len() < base + entry.room as usize
        || *native_depth >= MAX_NATIVE_DEPTH
        || frames.is_full()
    {
        return None;
    }
    *native_depth += 1;
    frames.top().pc = pc;
    let finish = Finish::Store(target);
    frames.push(Frame::lua(function, base, number, callee, 1, finish));
    let [first, second, third, rest @ ..] = &mut stack[function..] else {
        return None;
    };
    *first = Value::Function(callee);
    *second = Value::Table(table);
    copy_value(key, third);
    let missing = usize::from(entry.parameters).saturating_sub(2);
    rest[..missing].fill(Value::Nil);
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
