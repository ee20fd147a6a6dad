//! Shortcuts of the string functions for short texts.

use super::{piece_of, position, search};
use crate::heap::Heap;
use crate::meter::Meter;
use crate::shortcut::{LONGEST_TEXT, Shortcut};
use crate::value::{MAX_SHORT, Value, to_integer};

pub(super) const SHORTCUTS: &[(&str, Shortcut)] = &[
    ("byte", Shortcut::first(byte)),
    ("char", Shortcut::single(char)),
    ("find", Shortcut::window(search::search::<true>)),
    ("gmatch", Shortcut::window(search::gmatch)),
    ("len", Shortcut::single(len)),
    (
        "lower",
        Shortcut::single(|heap, _, arguments| {
            changed(heap, arguments, |bytes| bytes.make_ascii_lowercase())
        }),
    ),
    ("match", Shortcut::window(search::search::<false>)),
    ("rep", Shortcut::single(rep)),
    (
        "reverse",
        Shortcut::single(|heap, _, arguments| changed(heap, arguments, |bytes| bytes.reverse())),
    ),
    ("sub", Shortcut::single(sub)),
    (
        "upper",
        Shortcut::single(|heap, _, arguments| {
            changed(heap, arguments, |bytes| bytes.make_ascii_uppercase())
        }),
    ),
];

fn len(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    match *arguments {
        [Value::String(string), ..] => Some(Value::Number(heap.bytes(string).len() as f64)),
        _ => None,
    }
}

fn sub(heap: &mut Heap, meter: &mut Meter, arguments: &[Value]) -> Option<Value> {
    let (string, start, end) = match *arguments {
        [Value::String(string), Value::Number(start)] => (string, start, -1.0),
        [
            Value::String(string),
            Value::Number(start),
            Value::Number(end),
        ] => (string, start, end),
        _ => return None,
    };
    let length = heap.bytes(string).len();
    let range = piece_of(length, to_integer(start), to_integer(end));
    if range.len() > LONGEST_TEXT {
        return None;
    }
    meter.burn(range.len() as u64 / 16);
    Some(Value::String(heap.new_substring(string, range)))
}

fn byte(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    let (string, at) = match *arguments {
        [Value::String(string)] => (string, 1),
        [Value::String(string), Value::Number(at)] => (string, to_integer(at)),
        _ => return None,
    };
    let bytes = heap.bytes(string);
    let at = position(at, bytes.len()) as usize;
    Some(match bytes.get(at.wrapping_sub(1)) {
        Some(&byte) => Value::Number(f64::from(byte)),
        None => Value::Nil,
    })
}

fn char(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    let mut text = [0; 8];
    let text = text.get_mut(..arguments.len())?;
    for (place, argument) in text.iter_mut().zip(arguments) {
        let &Value::Number(code) = argument else {
            return None;
        };
        *place = u8::try_from(to_integer(code) as i32).ok()?;
    }
    Some(Value::String(heap.new_string(text)))
}

fn rep(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    let &[Value::String(string), Value::Number(times)] = arguments else {
        return None;
    };
    let bytes = heap.bytes(string);
    let times = usize::try_from(to_integer(times) as i32).unwrap_or(0);
    let mut text = [0; MAX_SHORT];
    let text = text.get_mut(..bytes.len().checked_mul(times)?)?;
    if !bytes.is_empty() {
        for place in text.chunks_exact_mut(bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    Some(Value::String(heap.new_string(text)))
}

/// The first argument with its bytes changed in place.
#[inline]
fn changed(heap: &mut Heap, arguments: &[Value], change: impl Fn(&mut [u8])) -> Option<Value> {
    let &[Value::String(string), ..] = arguments else {
        return None;
    };
    let bytes = heap.bytes(string);
    let mut text = [0; MAX_SHORT];
    let text = text.get_mut(..bytes.len())?;
    text.copy_from_slice(bytes);
    change(text);
    Some(Value::String(heap.new_string(text)))
}
