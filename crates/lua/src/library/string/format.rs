//! `string.format`.

use super::super::output::Output;
use crate::format::{Directive, write_quoted};
use crate::native::{Call, NativeResult, Raise};
use crate::value::{StringHandle, Value};

/// No directive but `%s` and `%q` writes more.
const LONGEST_ITEM: usize = 512;

pub(super) fn format(call: &mut Call<'_>) -> NativeResult {
    let template = call.check_string(1)?;
    let mut out = Output::new(call);
    let mut at = 0;
    let mut argument = 1;
    loop {
        let heap = &call.runtime.heap;
        let rest = &heap.bytes(template)[at..];
        let Some(percent) = memchr::memchr(b'%', rest) else {
            out.extend(heap, rest)?;
            break;
        };
        out.extend(heap, &rest[..percent])?;
        let rest = &rest[percent + 1..];
        at += percent + 1;
        if rest.first() == Some(&b'%') {
            out.push(heap, b'%')?;
            at += 1;
            continue;
        }
        argument += 1;
        if call.is_none(argument) {
            return Err(call.argument_error(argument, "no value"));
        }
        let (directive, length) = match rest.first() {
            // The usual cases, without flags, width and precision.
            Some(&conversion @ (b'd' | b's')) => (
                Directive {
                    conversion,
                    ..Directive::default()
                },
                1,
            ),
            _ => match Directive::parse(rest) {
                Ok(parsed) => parsed,
                Err(fault) => return Err(call.error(fault.to_string())),
            },
        };
        at += length;
        let before = out.bytes.len();
        write_item(call, &mut out, directive, argument)?;
        call.charge(1 + (out.bytes.len() - before) as u64 / 16)?;
    }
    let string = out.finish(call)?;
    call.return_value(string)
}

fn write_item(
    call: &mut Call<'_>,
    out: &mut Output,
    directive: Directive,
    argument: usize,
) -> Result<(), Raise> {
    match directive.conversion {
        b'd' | b'i' => {
            let number = call.check_number(argument)?;
            out.room(call.heap(), LONGEST_ITEM)?;
            directive.write_signed(&mut out.bytes, number);
        }
        b'o' | b'u' | b'x' | b'X' => {
            let number = call.check_number(argument)?;
            out.room(call.heap(), LONGEST_ITEM)?;
            directive.write_unsigned(&mut out.bytes, number);
        }
        b'e' | b'E' | b'f' | b'g' | b'G' => {
            let number = call.check_number(argument)?;
            out.room(call.heap(), LONGEST_ITEM)?;
            directive.write_float(&mut out.bytes, number);
        }
        b'c' => {
            let number = call.check_number(argument)?;
            out.room(call.heap(), LONGEST_ITEM)?;
            directive.write_character(&mut out.bytes, number);
        }
        b's' => {
            if let (Value::Number(number), None, 0) = (
                call.argument(argument),
                directive.precision,
                directive.width,
            ) {
                return out.extend(call.heap(), &crate::number::to_text(number));
            }
            let text = call.check_string(argument)?;
            let heap = &call.runtime.heap;
            let bytes = heap.bytes(text);
            out.room(heap, bytes.len() + directive.width)?;
            directive.write_string(&mut out.bytes, bytes);
        }
        b'q' => {
            let text = call.check_string(argument)?;
            write_quoted_argument(call, out, text)?;
        }
        // The C string ends where the format does.
        0 => return Err(call.error("invalid option '%' to 'format'")),
        other => {
            let message = [b"invalid option '%".as_slice(), &[other], b"' to 'format'"].concat();
            return Err(call.error(message));
        }
    }
    Ok(())
}

fn write_quoted_argument(
    call: &mut Call<'_>,
    out: &mut Output,
    text: StringHandle,
) -> Result<(), Raise> {
    let heap = &call.runtime.heap;
    let bytes = heap.bytes(text);
    // A NUL takes four bytes.
    let most = bytes.len().saturating_mul(4).saturating_add(2);
    if most > LONGEST_ITEM {
        let escapes: usize = bytes
            .iter()
            .map(|byte| match byte {
                0 => 3,
                b'"' | b'\\' | b'\n' | b'\r' => 1,
                _ => 0,
            })
            .sum();
        out.room(heap, bytes.len() + escapes + 2)?;
    } else {
        out.room(heap, most)?;
    }
    write_quoted(&mut out.bytes, bytes);
    Ok(())
}
