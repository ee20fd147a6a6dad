//! What the [dispatch loop](super::dispatch) does with loops beyond a step of theirs.

use super::stack::for_registers;
use crate::heap::Heap;
use crate::library::LibraryState;
use crate::library::string::search::next_match;
use crate::meter::Meter;
use crate::opcode::Instruction;
use crate::thread::WINDOW;
use crate::value::Value;

/// The index a loop without a body comes to in as many turns as there is fuel for. The last turn, in which it is found to be over, is left to its own instruction.
#[inline(never)]
pub(super) fn pass_turns(meter: &mut Meter, start: f64, limit: f64, step: f64) -> f64 {
    let mut index = start;
    while meter.fuel > 0 {
        let next = index + step;
        if (step > 0.0 && next > limit) || (step <= 0.0 && limit > next) {
            break;
        }
        index = next;
        meter.fuel -= 1;
    }
    index
}

/// A step of a generic `for` over a table or over matches. False if it is over something else, or if it is a step this does not take; then nothing has
/// happened.
#[inline(always)]
pub(super) fn step_loop(
    heap: &mut Heap,
    meter: &mut Meter,
    libraries: &mut LibraryState,
    registers: &mut [Value; WINDOW],
    instruction: Instruction,
) -> bool {
    let (iterator, state, control) = for_registers(instruction.a());
    let Value::Native(native) = registers[usize::from(iterator)] else {
        return false;
    };
    let (state, control) = (
        registers[usize::from(state)],
        registers[usize::from(control)],
    );
    let wanted = usize::from(instruction.c());
    let results = &mut registers[usize::from(instruction.a()) + 3..];
    let Value::Table(table) = state else {
        return next_match(heap, meter, libraries, native, results, wanted);
    };
    if !heap.iterate(native, table, control, results, meter) {
        return false;
    }
    if wanted > 2 {
        results[2..wanted].fill(Value::Nil);
    }
    true
}
