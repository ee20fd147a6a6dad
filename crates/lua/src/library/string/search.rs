//! Searches in texts of the usual length, for calls and loops that are carried out where they stand: `find`, `match` and `gmatch`.
//!
//! What takes longer than a slice of work, or is an error, is declined; then the functions themselves begin again.

use super::matching::SLICE;
use super::position;
use crate::heap::{Heap, Role};
use crate::library::LibraryState;
use crate::meter::Meter;
use crate::pattern::{self, Capture, Search, Step};
use crate::shortcut::{LONGEST_TEXT, MOST_RESULTS};
use crate::value::{NativeHandle, StringHandle, Value, to_integer};

/// `find`, which gives the positions of the match before its captures, or without them `match`.
pub(super) fn search<const POSITIONS: bool>(
    heap: &mut Heap,
    meter: &mut Meter,
    libraries: &mut LibraryState,
    window: &mut [Value],
    arguments: usize,
) -> Option<usize> {
    let (&[_, Value::String(subject), Value::String(source)], _) =
        window.get(..=arguments)?.split_first_chunk()?
    else {
        return None;
    };
    let bytes = heap.bytes(subject);
    let from = match window[3..=arguments] {
        [] => 0,
        [Value::Number(from), ..] => {
            let from = position(to_integer(from), bytes.len());
            (from - 1).clamp(0, bytes.len() as i64) as usize
        }
        _ => return None,
    };
    if bytes.len() - from > LONGEST_TEXT {
        return None;
    }
    let needle = heap.bytes(source);
    let is_plain = arguments >= 4 && window[4].is_truthy();
    if POSITIONS && (is_plain || pattern::is_plain(needle)) {
        let found = pattern::find_plain(bytes, needle, from);
        let length = needle.len();
        meter.burn((found.unwrap_or(bytes.len()) - from) as u64 / 16);
        let Some(at) = found else {
            window[0] = Value::Nil;
            return Some(1);
        };
        window[0] = Value::Number((at + 1) as f64);
        window[1] = Value::Number((at + length) as f64);
        return Some(2);
    }
    let (pattern, search) = libraries.known_search(needle, source.hash(), true)?;
    search.begin(from);
    let mut budget = SLICE;
    let step = search.run(pattern, bytes, &mut budget).ok()?;
    let debt = search.take_debt();
    let span = match step {
        Step::Found { start, end } => (start, end),
        Step::NotFound => {
            meter.burn(1 + (SLICE - budget + debt) / 4);
            window[0] = Value::Nil;
            return Some(1);
        }
        Step::OutOfBudget => return None,
    };
    if !search.captures_are_whole() {
        return None;
    }
    meter.burn(1 + (SLICE - budget + debt) / 4);
    if !POSITIONS {
        return Some(put_captures(heap, search, subject, span, true, window));
    }
    window[0] = Value::Number((span.0 + 1) as f64);
    window[1] = Value::Number(span.1 as f64);
    Some(2 + put_captures(heap, search, subject, span, false, &mut window[2..]))
}

/// Puts all captures, of which none is unfinished, into `places`; or with `whole` the whole match if there are none. Returns how many.
#[inline(always)]
fn put_captures(
    heap: &mut Heap,
    search: &Search,
    subject: StringHandle,
    (start, end): (usize, usize),
    whole: bool,
    places: &mut [Value],
) -> usize {
    let count = search.capture_count();
    if count == 0 && whole {
        places[0] = Value::String(heap.new_substring(subject, start..end));
        return 1;
    }
    for (index, place) in places[..count].iter_mut().enumerate() {
        *place = match search.capture(index) {
            Ok(Capture::Span(start, end)) => Value::String(heap.new_substring(subject, start..end)),
            Ok(Capture::Position(at)) => Value::Number((at + 1) as f64),
            Err(_) => Value::Nil,
        };
    }
    count
}

/// Makes the iterator of `gmatch`.
pub(super) fn gmatch(
    heap: &mut Heap,
    _: &mut Meter,
    libraries: &mut LibraryState,
    window: &mut [Value],
    arguments: usize,
) -> Option<usize> {
    let (&[_, Value::String(subject), Value::String(source)], _) =
        window.get(..=arguments)?.split_first_chunk()?
    else {
        return None;
    };
    let pattern = libraries.known_pattern(heap.bytes(source), source.hash(), false)?;
    let iterator = super::gmatch::new_iterator(heap, subject, source);
    libraries.last_iterator = Some((iterator, pattern));
    window[0] = Value::Native(iterator);
    Some(1)
}

/// A step of a loop over the matches that `gmatch` gives: puts `wanted` values into the first registers of `results`. False if it is another iterator, or a
/// step this does not take; then nothing has happened.
#[inline(never)]
pub(crate) fn next_match(
    heap: &mut Heap,
    meter: &mut Meter,
    libraries: &mut LibraryState,
    iterator: NativeHandle,
    results: &mut [Value],
    wanted: usize,
) -> bool {
    let native = &heap.natives[iterator.index()];
    if !matches!(native.role, Role::Matches) || results.len() < MOST_RESULTS {
        return false;
    }
    let [Value::String(subject), _, Value::Number(from)] = *native.upvalues else {
        return false;
    };
    let Some((pattern, search)) = libraries.iterator_search(iterator) else {
        return false;
    };
    let bytes = heap.bytes(subject);
    let from = from as usize;
    if from > bytes.len() {
        results[0] = Value::Nil;
        return true;
    }
    search.begin(from);
    let mut budget = SLICE;
    let step = search.run(pattern, bytes, &mut budget);
    let debt = search.take_debt();
    let count = match step {
        Ok(Step::Found { start, end }) if search.captures_are_whole() => {
            // An empty match must not be found again.
            let next = end + usize::from(end == start);
            if let Some(place) = heap.natives[iterator.index()].upvalues.last_mut() {
                *place = Value::Number(next as f64);
            }
            put_captures(heap, search, subject, (start, end), true, results)
        }
        Ok(Step::NotFound) => {
            results[0] = Value::Nil;
            1
        }
        _ => return false,
    };
    meter.burn(1 + (SLICE - budget + debt) / 4);
    if let Some(missing) = results.get_mut(count..wanted) {
        missing.fill(Value::Nil);
    }
    true
}
