//! Loops over stack slots, kept out of the [dispatch loop](super::dispatch): in it, what they need would be computed on every entry.

use crate::meter::Meter;
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

/// Puts the first `count` of the `available` values from slot `first` up to slot `target` and up, then nils.
#[inline(never)]
pub(super) fn spread(
    stack: &mut [Value],
    first: usize,
    available: usize,
    target: usize,
    count: usize,
) {
    for index in 0..count {
        stack[target + index] = if index < available {
            stack[first + index]
        } else {
            Value::Nil
        };
    }
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
