//! The `string` library, and the metatable that makes its functions methods of strings.

mod find;
mod format;
mod gmatch;
mod gsub;
mod matching;
pub(crate) mod search;
mod short;

use super::output::{Output, substring};
use super::pause::{CHUNK, charge, pause, resume_state};
use crate::heap::Heap;
use crate::native::{Call, Flow, LibraryEntry, NativeResult, Raise};
use crate::value::{Type, Value};

const ENTRIES: &[LibraryEntry] = &[
    ("byte", byte),
    ("char", char),
    ("dump", dump),
    ("find", find::find),
    ("format", format::format),
    // The same as `gmatch`; its place here is what the order of `pairs` depends on.
    ("gfind", gmatch::gmatch),
    ("gmatch", gmatch::gmatch),
    ("gsub", gsub::gsub),
    ("len", len),
    ("lower", lower),
    ("match", find::match_),
    ("rep", rep),
    ("reverse", reverse),
    ("sub", sub),
    ("upper", upper),
];

/// Most values a native function may have on its stack in 5.1.
pub(crate) const STACK_SLOTS: usize = 8000;

/// Adds the library to the global table and makes its functions methods of strings.
pub fn open(heap: &mut Heap) {
    let library = heap.new_table(0, 16);
    heap.register(library, ENTRIES);
    heap.add_shortcuts(library, short::SHORTCUTS);
    let gmatch = heap.raw_get_field(library, "gmatch");
    heap.raw_set_field(library, "gfind", gmatch);
    super::install(heap, "string", library);
    let metatable = heap.new_table(0, 1);
    heap.raw_set_field(metatable, "__index", Value::Table(library));
    heap.set_type_metatable(Type::String, Some(metatable));
}

/// A position as scripts give it, counted from 1 or, if negative, from behind; 0 if that lies before the start.
#[inline]
fn position(at: i64, length: usize) -> i64 {
    let length = length as i64;
    if at >= 0 {
        at
    } else {
        at.saturating_add(length + 1).max(0)
    }
}

fn len(call: &mut Call<'_>) -> NativeResult {
    let string = call.check_string(1)?;
    let length = call.bytes(string).len();
    call.return_value(length as f64)
}

fn sub(call: &mut Call<'_>) -> NativeResult {
    let string = call.check_string(1)?;
    let length = call.bytes(string).len();
    let start = call.check_integer(2)?;
    let end = call.optional_integer(3, -1)?;
    let piece = substring(call, string, piece_of(length, start, end))?;
    call.return_value(piece)
}

/// The bytes between two positions as scripts give them.
#[inline]
fn piece_of(length: usize, start: i64, end: i64) -> std::ops::Range<usize> {
    let start = position(start, length).max(1);
    let end = position(end, length).min(length as i64);
    if start <= end {
        start as usize - 1..end as usize
    } else {
        0..0
    }
}

fn byte(call: &mut Call<'_>) -> NativeResult {
    let string = call.check_string(1)?;
    let length = call.bytes(string).len();
    let first = call.optional_integer(2, 1)?;
    let first = position(first, length);
    let last = call.optional_integer(3, first)?;
    let last = position(last, length).min(length as i64);
    let first = first.max(1);
    if first > last {
        return Ok(Flow::Return(0));
    }
    let count = (last - first + 1) as usize;
    if call.argument_count() + count > STACK_SLOTS {
        return Err(call.error("stack overflow (string slice too long)"));
    }
    for index in first as usize - 1..last as usize {
        let byte = call.bytes(string)[index];
        call.push(f64::from(byte));
    }
    call.charge(count as u64 / 8)?;
    Ok(Flow::Return(count))
}

fn char(call: &mut Call<'_>) -> NativeResult {
    let mut out = Output::new(call);
    out.room(call.heap(), call.argument_count())?;
    for index in 1..=call.argument_count() {
        let code = call.check_integer(index)? as i32;
        match u8::try_from(code) {
            Ok(byte) => out.bytes.push(byte),
            Err(_) => return Err(call.argument_error(index, "invalid value")),
        }
    }
    let string = out.finish(call)?;
    call.return_value(string)
}

/// How a precompiled chunk of 5.1 on a 64-bit machine begins.
const DUMP_HEADER: &[u8] = b"\x1bLuaQ\0\x01\x04\x08\x04\x08\0";

/// The header of a precompiled chunk alone: compiled code never leaves the engine, and none is ever loaded.
fn dump(call: &mut Call<'_>) -> NativeResult {
    match call.check_type(1, Type::Function)? {
        Value::Function(_) => {
            let header = call.new_string(DUMP_HEADER);
            call.return_value(header)
        }
        _ => Err(call.error("unable to dump given function")),
    }
}

fn rep(call: &mut Call<'_>) -> NativeResult {
    let string = call.check_string(1)?;
    let times = call.check_integer(2)? as i32;
    let length = call.bytes(string).len();
    let times = usize::try_from(times).unwrap_or(0);
    let total = length.checked_mul(times).ok_or(Raise::OutOfMemory)?;
    let mut out = Output::new(call);
    out.room(call.heap(), total)?;
    make(
        call,
        Making {
            out,
            total,
            add: add_copies,
        },
    )
}

/// A long text that is made piece by piece.
struct Making {
    out: Output,
    /// Its length in the end.
    total: usize,
    /// Adds at most so many bytes of what becomes of the first argument.
    add: fn(&mut Vec<u8>, &[u8], usize),
}

fn make(call: &mut Call<'_>, mut making: Making) -> NativeResult {
    let Value::String(string) = call.argument(1) else {
        return Ok(Flow::Return(0));
    };
    while making.out.bytes.len() < making.total {
        let more = (making.total - making.out.bytes.len()).min(CHUNK);
        (making.add)(&mut making.out.bytes, call.bytes(string), more);
        // The last piece is charged with the string.
        if making.out.bytes.len() < making.total && charge(call, CHUNK as u64 / 16)? {
            return pause(call, Box::new(making), resume_making);
        }
    }
    let string = making.out.finish(call)?;
    call.return_value(string)
}

fn resume_making(call: &mut Call<'_>) -> NativeResult {
    let making = resume_state::<Making>(call);
    make(call, *making)
}

/// Goes on with copies of `text`.
fn add_copies(out: &mut Vec<u8>, text: &[u8], count: usize) {
    let end = out.len() + count;
    match text {
        &[byte] => out.resize(end, byte),
        _ => {
            if out.is_empty() {
                out.extend_from_slice(&text[..text.len().min(count)]);
            }
            while out.len() < end {
                let at = out.len() % text.len();
                let left = end - out.len();
                if at > 0 {
                    out.extend_from_slice(&text[at..text.len().min(at + left)]);
                } else {
                    out.extend_from_within(..left.min(out.len()));
                }
            }
        }
    }
}

/// Makes the result of changing every byte of the first argument.
fn map_bytes(call: &mut Call<'_>, add: fn(&mut Vec<u8>, &[u8], usize)) -> NativeResult {
    let string = call.check_string(1)?;
    let total = call.bytes(string).len();
    let mut out = Output::new(call);
    out.room(call.heap(), total)?;
    make(call, Making { out, total, add })
}

fn lower(call: &mut Call<'_>) -> NativeResult {
    map_bytes(call, |out, text, count| {
        let from = out.len();
        let piece = &text[from..from + count];
        out.extend(piece.iter().map(u8::to_ascii_lowercase));
    })
}

fn upper(call: &mut Call<'_>) -> NativeResult {
    map_bytes(call, |out, text, count| {
        let from = out.len();
        let piece = &text[from..from + count];
        out.extend(piece.iter().map(u8::to_ascii_uppercase));
    })
}

fn reverse(call: &mut Call<'_>) -> NativeResult {
    map_bytes(call, |out, text, count| {
        let end = text.len() - out.len();
        out.extend(text[end - count..end].iter().rev());
    })
}
