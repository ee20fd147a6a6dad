//! What the [dispatch loop](super::dispatch) does with stack slots. Loops over them are kept out of it: in it, what they need would be computed on every entry.

use super::copy_value;
use crate::loaded::CodeEntry;
use crate::meter::Meter;
use crate::thread::{Frame, WINDOW};
use crate::value::Value;

/// Makes slots nil.
#[inline(never)]
pub(super) fn clear(slots: &mut [Value]) {
    slots.fill(Value::Nil);
}

/// Moves `count` values from slot `from` down to slot `to`, and burns fuel if they are many.
#[inline(never)]
pub(super) fn shift(stack: &mut [Value], meter: &mut Meter, from: usize, count: usize, to: usize) {
    meter.burn(count as u64 / 8);
    super::move_down(stack, from, count, to);
}

/// Puts the extra arguments of the function whose frame this is into the slots from `target` up: as many as the operand `count` says, with nils, or all of
/// them. False if they are many; then nothing has happened.
#[inline(never)]
pub(super) fn spread(
    stack: &mut [Value],
    top: &mut usize,
    frame: &Frame,
    entry: Option<&CodeEntry>,
    target: usize,
    count: u8,
) -> bool {
    let Some(entry) = entry else {
        return false;
    };
    let first = frame.function as usize + 1 + usize::from(entry.parameters);
    let available = (frame.base as usize).saturating_sub(first);
    let wanted = match count {
        0 => available,
        count => usize::from(count) - 1,
    };
    if wanted >= 8 || stack.len() < target + wanted + WINDOW {
        return false;
    }
    let (arguments, places) = stack.split_at_mut(target);
    // With fewer arguments than parameters there is nothing behind them, and `first` may be above the target.
    let arguments = arguments.get(first..first + available).unwrap_or_default();
    for (index, place) in places[..wanted].iter_mut().enumerate() {
        copy_value(arguments.get(index).unwrap_or(&Value::Nil), place);
    }
    if count == 0 {
        *top = target + wanted;
    }
    true
}

/// Moves the fixed parameters of a vararg function from below its extra arguments to above them.
#[inline(never)]
pub(super) fn lift_parameters(
    stack: &mut [Value],
    first: usize,
    arguments: usize,
    parameters: usize,
) {
    for index in 0..parameters {
        stack[first + arguments + index] = if index < arguments {
            std::mem::take(&mut stack[first + index])
        } else {
            Value::Nil
        };
    }
    // The register of `arg`.
    stack[first + arguments + parameters] = Value::Nil;
}

/// Ends the `count` results at slot `destination` as their receiver wants them: with nils, or (`want` below 0) with the stack's top.
#[inline(always)]
pub(super) fn settle(
    stack: &mut [Value],
    top: &mut usize,
    destination: usize,
    count: usize,
    want: i16,
) {
    if want < 0 {
        *top = destination + count;
    } else if (want as usize) > count {
        clear(&mut stack[destination + count..destination + want as usize]);
    }
}

/// How many values there are from slot `first` up: as the operand says, or up to the stack's top if it is 0.
#[inline(always)]
pub(crate) fn open_count(operand: u8, top: &usize, first: usize) -> usize {
    match operand {
        0 => top.saturating_sub(first),
        count => count as usize - 1,
    }
}

/// The registers of index or iterator, limit or state, and step or control variable of a loop.
#[inline(always)]
pub(super) fn for_registers(first: u8) -> (u8, u8, u8) {
    (first, first.wrapping_add(1), first.wrapping_add(2))
}
