//! Leaving a run from the middle of a library function, and going on later.

use crate::native::{Call, Flow, NativeFunction, NativeResult, Raise};
use crate::value::{TableHandle, Value};
use std::any::Any;

/// Bytes that are copied, compared or searched in one go between two looks at the fuel: well below a millisecond's work.
pub(crate) const CHUNK: usize = 1 << 18;

/// Burns fuel; true if the host wants the run to pause, which a function that can does with [`pause`].
#[inline]
pub(crate) fn charge(call: &mut Call<'_>, units: u64) -> Result<bool, Raise> {
    call.charge(units)?;
    Ok(call.runtime.meter.suspend_requested)
}

/// Leaves the run, to go on with `resume` and `state`. What the state refers to must be kept alive by the window.
pub(crate) fn pause(
    call: &mut Call<'_>,
    state: Box<dyn Any + Send>,
    resume: NativeFunction,
) -> NativeResult {
    // This is the suspension that was asked for.
    call.runtime.meter.suspend_requested = false;
    call.state = Some(state);
    Ok(Flow::Suspend { resume })
}

/// The state that [`pause`] or a call back left.
pub(crate) fn take_state<T: Any>(call: &mut Call<'_>) -> Box<T> {
    let state = call
        .state
        .take()
        .expect("a function that was left with a state is resumed with it");
    state
        .downcast()
        .expect("a function is resumed with its own state")
}

/// The same in a step after a pause, whose results (there are none that matter) are dropped.
pub(crate) fn resume_state<T: Any>(call: &mut Call<'_>) -> Box<T> {
    call.drop_callback_results();
    take_state(call)
}

/// Puts values that only a function's state refers to into a table on the window, where the collector sees them.
pub(crate) fn park(call: &mut Call<'_>, values: Vec<Value>) {
    let table = call.new_table(0, 0);
    call.heap_mut().swap_array(table, values);
    call.push(table);
}

/// Takes parked values from the top of the window.
pub(crate) fn unpark(call: &mut Call<'_>) -> Vec<Value> {
    match call.pop() {
        Value::Table(table) => call.heap_mut().swap_array(table, Vec::new()),
        _ => Vec::new(),
    }
}

impl crate::heap::Heap {
    /// Exchanges the elements of a table that no script knows.
    fn swap_array(&mut self, table: TableHandle, values: Vec<Value>) -> Vec<Value> {
        let object = &mut self.tables[table.index()];
        let before = object.bytes();
        let taken = std::mem::replace(&mut object.array, values);
        let after = object.bytes();
        self.subtract_bytes(before);
        self.add_bytes(after);
        taken
    }
}
