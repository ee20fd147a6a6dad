//! What the [dispatch loop](super::dispatch) does with loops beyond a step of theirs.

use crate::meter::Meter;

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
