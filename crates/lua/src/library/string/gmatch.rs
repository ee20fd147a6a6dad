//! `string.gmatch`: an iterator whose upvalues are the subject, the pattern and where to go on.

use super::super::pause::{pause, take_state};
use super::matching::{Matching, Progress};
use crate::heap::{Heap, Role};
use crate::native::{Call, Flow, NativeResult};
use crate::value::{NativeHandle, StringHandle, Value};

pub(super) fn gmatch(call: &mut Call<'_>) -> NativeResult {
    let subject = call.check_string(1)?;
    let source = call.check_string(2)?;
    let iterator = new_iterator(call.heap_mut(), subject, source);
    // A collected iterator may have had the same handle.
    call.runtime.libraries.last_iterator = None;
    call.return_value(Value::Native(iterator))
}

pub(super) fn new_iterator(
    heap: &mut Heap,
    subject: StringHandle,
    source: StringHandle,
) -> NativeHandle {
    let upvalues = [
        Value::String(subject),
        Value::String(source),
        Value::Number(0.0),
    ];
    let iterator = heap.new_native(next, &upvalues);
    heap.set_role(iterator, Role::Matches);
    iterator
}

fn next(call: &mut Call<'_>) -> NativeResult {
    let (Value::String(subject), Value::String(source), Value::Number(from)) =
        (call.upvalue(0), call.upvalue(1), call.upvalue(2))
    else {
        return Ok(Flow::Return(0));
    };
    if from as usize > call.bytes(subject).len() {
        return Ok(Flow::Return(0));
    }
    let function = call.function;
    let mut matching = match call.runtime.libraries.last_iterator.take() {
        Some((last, pattern)) if last == function => Matching::again(call, subject, pattern),
        _ => Matching::new(call, subject, source, false)?,
    };
    matching.search.begin(from as usize);
    proceed(call, matching)
}

#[inline]
fn proceed(call: &mut Call<'_>, mut matching: Matching) -> NativeResult {
    match matching.advance(call)? {
        Progress::Found(start, end) => {
            // An empty match must not be found again.
            let next = end + usize::from(end == start);
            call.set_upvalue(2, Value::Number(next as f64));
            let count = matching.push_captures(call, true, (start, end))?;
            let libraries = &mut call.runtime.libraries;
            libraries.search = Some(matching.search);
            if matching.pattern.is_small() {
                libraries.last_iterator = Some((call.function, matching.pattern));
            }
            Ok(Flow::Return(count))
        }
        Progress::NotFound => {
            matching.finish(call);
            Ok(Flow::Return(0))
        }
        Progress::Pause => pause(call, Box::new(matching), resume),
    }
}

fn resume(call: &mut Call<'_>) -> NativeResult {
    call.drop_callback_results();
    let matching = take_state::<Matching>(call);
    proceed(call, *matching)
}
