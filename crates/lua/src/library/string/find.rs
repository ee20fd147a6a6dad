//! `string.find` and `string.match`.

use super::matching::{Matching, Progress, pause, take_state};
use super::position;
use crate::native::{Call, Flow, NativeResult};
use crate::pattern;
use crate::value::Value;

struct Find {
    matching: Matching,
    /// Whether positions are returned too.
    positions: bool,
}

pub(super) fn find(call: &mut Call<'_>) -> NativeResult {
    search(call, true)
}

pub(super) fn match_(call: &mut Call<'_>) -> NativeResult {
    search(call, false)
}

fn search(call: &mut Call<'_>, positions: bool) -> NativeResult {
    let subject = call.check_string(1)?;
    let source = call.check_string(2)?;
    let length = call.bytes(subject).len();
    let from = if call.argument_count() < 3 {
        0
    } else {
        let from = call.optional_integer(3, 1)?;
        (position(from, length) - 1).clamp(0, length as i64) as usize
    };
    if positions && (call.argument(4).is_truthy() || pattern::is_plain(call.bytes(source))) {
        return find_plain(call, from);
    }
    let mut matching = Matching::new(call, subject, source, true)?;
    matching.search.begin(from);
    proceed(
        call,
        Find {
            matching,
            positions,
        },
    )
}

fn find_plain(call: &mut Call<'_>, from: usize) -> NativeResult {
    let (Value::String(subject), Value::String(needle)) = (call.argument(1), call.argument(2))
    else {
        return Ok(Flow::Return(0));
    };
    let heap = &call.runtime.heap;
    let (bytes, needle) = (heap.bytes(subject), heap.bytes(needle));
    let length = needle.len();
    let found = pattern::find_plain(bytes, needle, from);
    let scanned = found.unwrap_or(bytes.len()) - from;
    call.charge(scanned as u64 / 16)?;
    match found {
        Some(at) => {
            call.push((at + 1) as f64);
            call.push((at + length) as f64);
            Ok(Flow::Return(2))
        }
        None => call.return_value(Value::Nil),
    }
}

fn proceed(call: &mut Call<'_>, mut find: Find) -> NativeResult {
    match find.matching.advance(call)? {
        Progress::Found(start, end) => {
            let mut count = 0;
            if find.positions {
                call.push((start + 1) as f64);
                call.push(end as f64);
                count = 2;
            }
            count += find
                .matching
                .push_captures(call, !find.positions, (start, end))?;
            find.matching.finish(call);
            Ok(Flow::Return(count))
        }
        Progress::NotFound => {
            find.matching.finish(call);
            call.return_value(Value::Nil)
        }
        Progress::Pause => pause(call, Box::new(find), resume),
    }
}

fn resume(call: &mut Call<'_>) -> NativeResult {
    call.drop_callback_results();
    let find = take_state::<Find>(call);
    proceed(call, *find)
}
