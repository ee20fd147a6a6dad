//! The `bit` library (BitOp): operations on 32-bit integers, with results in the signed range.

use crate::heap::Heap;
use crate::native::{Call, LibraryEntry, NativeResult, Raise};
use crate::shortcut::{ShortFunction, Shortcut};
use crate::value::Value;

const ENTRIES: &[LibraryEntry] = &[
    ("tobit", |call| map(call, |value| value)),
    ("bnot", |call| map(call, |value| !value)),
    ("band", |call| fold(call, |a, b| a & b)),
    ("bor", |call| fold(call, |a, b| a | b)),
    ("bxor", |call| fold(call, |a, b| a ^ b)),
    ("lshift", |call| shift(call, |value, count| value << count)),
    ("rshift", |call| {
        shift(call, |value, count| (value as u32 >> count) as i32)
    }),
    ("arshift", |call| shift(call, |value, count| value >> count)),
    ("rol", |call| shift(call, i32::rotate_left)),
    ("ror", |call| shift(call, i32::rotate_right)),
    ("bswap", |call| map(call, i32::swap_bytes)),
    ("tohex", tohex),
];

/// The same for numbers.
const SHORTCUTS: &[(&str, Shortcut)] = &[
    (
        "tobit",
        one(|_, _, arguments| map_short(arguments, |value| value)),
    ),
    (
        "bnot",
        one(|_, _, arguments| map_short(arguments, |value| !value)),
    ),
    (
        "band",
        one(|_, _, arguments| fold_short(arguments, |a, b| a & b)),
    ),
    (
        "bor",
        one(|_, _, arguments| fold_short(arguments, |a, b| a | b)),
    ),
    (
        "bxor",
        one(|_, _, arguments| fold_short(arguments, |a, b| a ^ b)),
    ),
    (
        "lshift",
        one(|_, _, arguments| shift_short(arguments, |value, count| value << count)),
    ),
    (
        "rshift",
        one(|_, _, arguments| {
            shift_short(arguments, |value, count| (value as u32 >> count) as i32)
        }),
    ),
    (
        "arshift",
        one(|_, _, arguments| shift_short(arguments, |value, count| value >> count)),
    ),
    (
        "rol",
        one(|_, _, arguments| shift_short(arguments, i32::rotate_left)),
    ),
    (
        "ror",
        one(|_, _, arguments| shift_short(arguments, i32::rotate_right)),
    ),
    (
        "bswap",
        one(|_, _, arguments| map_short(arguments, i32::swap_bytes)),
    ),
];

const fn one(function: ShortFunction) -> Shortcut {
    Shortcut::single(function)
}

/// Adds the library to the global table.
pub fn open(heap: &mut Heap) {
    let library = heap.new_table(0, 16);
    heap.register(library, ENTRIES);
    heap.add_shortcuts(library, SHORTCUTS);
    super::install(heap, "bit", library);
}

/// A number as 32 bits. Adding 1.5 × 2^52 rounds to an integer, half to even, and leaves its low bits at the end of the
/// mantissa; numbers beyond 2^51 come out as they do with the original, which does just that.
fn to_bits(number: f64) -> i32 {
    (number + 6755399441055744.0).to_bits() as i32
}

#[inline]
fn argument(call: &mut Call<'_>, n: usize) -> Result<i32, Raise> {
    call.check_number(n).map(to_bits)
}

#[inline]
fn map(call: &mut Call<'_>, operation: impl Fn(i32) -> i32) -> NativeResult {
    let value = argument(call, 1)?;
    call.return_value(f64::from(operation(value)))
}

#[inline]
fn fold(call: &mut Call<'_>, operation: impl Fn(i32, i32) -> i32) -> NativeResult {
    let mut value = argument(call, 1)?;
    for index in 2..=call.argument_count() {
        value = operation(value, argument(call, index)?);
    }
    call.return_value(f64::from(value))
}

/// Only the low five bits of the count matter.
#[inline]
fn shift(call: &mut Call<'_>, operation: impl Fn(i32, u32) -> i32) -> NativeResult {
    let value = argument(call, 1)?;
    let count = argument(call, 2)? as u32 & 31;
    call.return_value(f64::from(operation(value, count)))
}

#[inline]
fn map_short(arguments: &[Value], operation: impl Fn(i32) -> i32) -> Option<Value> {
    match *arguments {
        [Value::Number(number), ..] => Some(Value::Number(f64::from(operation(to_bits(number))))),
        _ => None,
    }
}

#[inline]
fn fold_short(arguments: &[Value], operation: impl Fn(i32, i32) -> i32) -> Option<Value> {
    let (&Value::Number(first), rest) = arguments.split_first()? else {
        return None;
    };
    let mut value = to_bits(first);
    for argument in rest {
        let &Value::Number(number) = argument else {
            return None;
        };
        value = operation(value, to_bits(number));
    }
    Some(Value::Number(f64::from(value)))
}

#[inline]
fn shift_short(arguments: &[Value], operation: impl Fn(i32, u32) -> i32) -> Option<Value> {
    match *arguments {
        [Value::Number(number), Value::Number(count), ..] => {
            let value = operation(to_bits(number), to_bits(count) as u32 & 31);
            Some(Value::Number(f64::from(value)))
        }
        _ => None,
    }
}

/// A negative count of digits asks for upper case.
fn tohex(call: &mut Call<'_>) -> NativeResult {
    let mut value = argument(call, 1)? as u32;
    let count = if call.is_none(2) {
        8
    } else {
        argument(call, 2)?
    };
    let digits: &[u8; 16] = if count < 0 {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let count = count.unsigned_abs().min(8) as usize;
    let mut text = [0; 8];
    for place in text[..count].iter_mut().rev() {
        *place = digits[(value & 15) as usize];
        value >>= 4;
    }
    call.return_string(&text[..count])
}

#[cfg(test)]
mod tests {
    use super::to_bits;

    #[test]
    fn numbers_become_bits_as_with_the_original() {
        let cases = [
            (0.0, 0),
            (-1.0, -1),
            (2147483648.0, i32::MIN),
            (4294967295.0, -1),
            (4294967297.0, 1),
            (1099511627779.0, 3),
            (0.5, 0),
            (1.5, 2),
            (2.5, 2),
            (-1.5, -2),
            (1e100, 630506365),
            (f64::INFINITY, 0),
            (f64::NAN, 0),
        ];
        for (number, expected) in cases {
            assert_eq!(to_bits(number), expected, "{number}");
        }
    }
}
