//! The `struct` library: values to and from binary layouts.
//!
//! A layout is a text of options: `>` and `<` set the byte order, `!` the alignment, `b B h H l L T i I` are integers (`i`
//! and `I` with an optional size), `f d` floating point, `s` a text with a NUL behind it, `c` a text of a given size
//! (`c0`: all of it, or as long as the number read before it), `x` a byte of padding. Sizes are those of 64-bit Linux.

use super::output::Output;
use super::string::STACK_SLOTS;
use crate::format::{to_signed, to_unsigned};
use crate::heap::Heap;
use crate::native::{Call, Flow, LibraryEntry, NativeResult, Raise};
use crate::value::{StringHandle, Value};
use thiserror::Error;

const ENTRIES: &[LibraryEntry] = &[("pack", pack), ("unpack", unpack), ("size", size)];

/// Adds the library to the global table.
pub fn open(heap: &mut Heap) {
    let library = heap.new_table(0, 4);
    heap.register(library, ENTRIES);
    super::install(heap, "struct", library);
}

/// The alignment a bare `!` asks for.
const NATIVE_ALIGNMENT: usize = 8;
/// Largest integer, in bytes.
const LARGEST_INTEGER: usize = 32;

/// Why a layout is refused; the texts are the original's.
#[derive(Debug, Error, PartialEq, Eq)]
enum LayoutError {
    #[error("integral size overflow")]
    Overflow,
    #[error("integral size {0} is larger than limit of 32")]
    TooLarge(usize),
    #[error("alignment {0} is not a power of 2")]
    Alignment(usize),
    #[error("invalid format option '{}'", char::from(*.0))]
    InvalidOption(u8),
}

impl LayoutError {
    fn raise(self, call: &mut Call<'_>) -> Raise {
        match self {
            LayoutError::InvalidOption(option) => {
                let message = [b"invalid format option '".as_slice(), &[option], b"'"].concat();
                call.argument_error(1, message)
            }
            other => call.error(other.to_string()),
        }
    }
}

/// One option of a layout: its letter, its size in bytes and the padding its alignment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    option: u8,
    size: usize,
    padding: usize,
}

/// A layout being read.
struct Layout {
    at: usize,
    big_endian: bool,
    alignment: usize,
}

impl Layout {
    fn new() -> Layout {
        Layout {
            at: 0,
            big_endian: false,
            alignment: 1,
        }
    }

    /// The next option, for data at `offset`; none at the end (or a NUL). Those that stand for no data are empty, and
    /// [`Layout::control`] is to carry them out.
    fn next(&mut self, text: &[u8], offset: usize) -> Result<Option<Item>, LayoutError> {
        let option = match text.get(self.at) {
            None | Some(0) => return Ok(None),
            Some(&option) => option,
        };
        self.at += 1;
        let size = match option {
            b'b' | b'B' | b'x' => 1,
            b'h' | b'H' => 2,
            b'f' => 4,
            b'l' | b'L' | b'T' | b'd' => 8,
            b'c' => self.count(text, 1)?,
            b'i' | b'I' => {
                let size = self.count(text, 4)?;
                if size > LARGEST_INTEGER {
                    return Err(LayoutError::TooLarge(size));
                }
                size
            }
            _ => 0,
        };
        let padding = if size == 0 || option == b'c' {
            0
        } else {
            // Sizes that are no power of two align as the original's arithmetic has it.
            let unit = size.min(self.alignment);
            unit.wrapping_sub(offset & (unit - 1)) & (unit - 1)
        };
        Ok(Some(Item {
            option,
            size,
            padding,
        }))
    }

    /// Carries out an option that stands for no data.
    fn control(&mut self, text: &[u8], option: u8) -> Result<(), LayoutError> {
        match option {
            b' ' => {}
            b'<' => self.big_endian = false,
            b'>' => self.big_endian = true,
            b'!' => {
                let alignment = self.count(text, NATIVE_ALIGNMENT)?;
                if !alignment.is_power_of_two() {
                    return Err(LayoutError::Alignment(alignment));
                }
                self.alignment = alignment;
            }
            _ => return Err(LayoutError::InvalidOption(option)),
        }
        Ok(())
    }

    /// The number at the current place, or `default` if there is none.
    fn count(&mut self, text: &[u8], default: usize) -> Result<usize, LayoutError> {
        let start = self.at;
        let mut value = 0_i32;
        while let Some(digit) = text.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(i32::from(digit - b'0')))
                .ok_or(LayoutError::Overflow)?;
            self.at += 1;
        }
        Ok(if self.at == start {
            default
        } else {
            value as usize
        })
    }
}

fn next_item(
    call: &mut Call<'_>,
    layout: &mut Layout,
    text: StringHandle,
    offset: usize,
) -> Result<Option<Item>, Raise> {
    match layout.next(call.bytes(text), offset) {
        Ok(item) => Ok(item),
        Err(error) => Err(error.raise(call)),
    }
}

fn control(
    call: &mut Call<'_>,
    layout: &mut Layout,
    text: StringHandle,
    option: u8,
) -> Result<(), Raise> {
    match layout.control(call.bytes(text), option) {
        Ok(()) => Ok(()),
        Err(error) => Err(error.raise(call)),
    }
}

/// The arguments of `pack` end with a nil, so what is missing is "got nil".
fn pack_number(call: &mut Call<'_>, n: usize) -> Result<f64, Raise> {
    if call.is_none(n) {
        return Err(call.argument_error(n, "number expected, got nil"));
    }
    call.check_number(n)
}

fn pack(call: &mut Call<'_>) -> NativeResult {
    let text = call.check_string(1)?;
    let mut layout = Layout::new();
    let mut out = Output::new(call);
    let mut argument = 2;
    while let Some(item) = next_item(call, &mut layout, text, out.bytes.len())? {
        out.room(call.heap(), item.padding + item.size + 1)?;
        out.bytes.resize(out.bytes.len() + item.padding, 0);
        match item.option {
            b'x' => out.bytes.push(0),
            b'f' => {
                let number = pack_number(call, argument)? as f32;
                let bytes = if layout.big_endian {
                    number.to_be_bytes()
                } else {
                    number.to_le_bytes()
                };
                out.bytes.extend_from_slice(&bytes);
                argument += 1;
            }
            b'd' => {
                let number = pack_number(call, argument)?;
                let bytes = if layout.big_endian {
                    number.to_be_bytes()
                } else {
                    number.to_le_bytes()
                };
                out.bytes.extend_from_slice(&bytes);
                argument += 1;
            }
            b'c' | b's' => {
                if call.is_none(argument) {
                    return Err(call.argument_error(argument, "string expected, got nil"));
                }
                let string = call.check_string(argument)?;
                argument += 1;
                let heap = &call.runtime.heap;
                let bytes = heap.bytes(string);
                let size = if item.size == 0 {
                    bytes.len()
                } else {
                    item.size
                };
                if size > bytes.len() {
                    return Err(call.argument_error(argument, "string too short"));
                }
                out.room(heap, size + 1)?;
                out.bytes.extend_from_slice(&bytes[..size]);
                if item.option == b's' {
                    out.bytes.push(0);
                }
            }
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let number = pack_number(call, argument)?;
                argument += 1;
                write_integer(&mut out.bytes, number, item.size, layout.big_endian);
            }
            option => control(call, &mut layout, text, option)?,
        }
        call.charge(1)?;
    }
    let string = out.finish(call)?;
    call.return_value(string)
}

/// The low bytes of a number; beyond eight there are zeros, whatever its sign.
fn write_integer(out: &mut Vec<u8>, number: f64, size: usize, big_endian: bool) {
    let value = if number < 0.0 {
        to_signed(number) as u64
    } else {
        to_unsigned(number)
    };
    let mut bytes = [0; LARGEST_INTEGER];
    bytes[..8].copy_from_slice(&value.to_le_bytes());
    let bytes = &mut bytes[..size];
    if big_endian {
        bytes.reverse();
    }
    out.extend_from_slice(bytes);
}

/// An integer of any size: the low eight bytes count. Signs extend as the original's shift by the size modulo 64 bits
/// has it.
fn read_integer(bytes: &[u8], big_endian: bool, signed: bool) -> f64 {
    let mut value = 0_u64;
    let mut add = |byte: u8| value = value << 8 | u64::from(byte);
    if big_endian {
        bytes.iter().for_each(|&byte| add(byte));
    } else {
        bytes.iter().rev().for_each(|&byte| add(byte));
    }
    if !signed {
        return value as f64;
    }
    let mask = u64::MAX << ((bytes.len() * 8).wrapping_sub(1) & 63);
    if value & mask != 0 {
        value |= mask;
    }
    value as i64 as f64
}

fn unpack(call: &mut Call<'_>) -> NativeResult {
    let text = call.check_string(1)?;
    let data = call.check_string(2)?;
    let length = call.bytes(data).len();
    let position = call.optional_integer(3, 1)?;
    if position == 0 {
        return Err(call.argument_error(3, "offset must be 1 or greater"));
    }
    // A negative offset wraps around, as in C, to one that lies behind any data.
    let mut at = (position as usize).wrapping_sub(1);
    let mut layout = Layout::new();
    let mut count = 0;
    let arguments = call.argument_count();
    while let Some(item) = next_item(call, &mut layout, text, at)? {
        at = at.wrapping_add(item.padding);
        if item.size > length || at > length - item.size {
            return Err(call.argument_error(2, "data string too short"));
        }
        if arguments + count + 2 > STACK_SLOTS {
            return Err(call.error("stack overflow (too many results)"));
        }
        let bytes = &call.bytes(data)[at..at + item.size];
        let mut taken = item.size;
        match item.option {
            b'x' => {}
            b'f' => {
                let mut raw = [0; 4];
                raw.copy_from_slice(bytes);
                let number = if layout.big_endian {
                    f32::from_be_bytes(raw)
                } else {
                    f32::from_le_bytes(raw)
                };
                call.push(f64::from(number));
                count += 1;
            }
            b'd' => {
                let mut raw = [0; 8];
                raw.copy_from_slice(bytes);
                let number = if layout.big_endian {
                    f64::from_be_bytes(raw)
                } else {
                    f64::from_le_bytes(raw)
                };
                call.push(number);
                count += 1;
            }
            b'c' => {
                if item.size == 0 {
                    let before = if count > 0 {
                        call.get(call.top())
                    } else {
                        Value::Nil
                    };
                    let Some(number) = call.heap().to_number(before) else {
                        return Err(call.error("format 'c0' needs a previous size"));
                    };
                    call.pop();
                    count -= 1;
                    taken = usize::try_from(to_unsigned(number)).unwrap_or(usize::MAX);
                    if taken > length || at > length - taken {
                        return Err(call.argument_error(2, "data string too short"));
                    }
                }
                let piece = super::output::substring(call, data, at..at + taken)?;
                call.push(piece);
                count += 1;
            }
            b's' => {
                let Some(end) = memchr::memchr(0, &call.bytes(data)[at..]) else {
                    call.charge((length - at) as u64 / 64)?;
                    return Err(call.error("unfinished string in data"));
                };
                let piece = super::output::substring(call, data, at..at + end)?;
                call.push(piece);
                count += 1;
                taken = end + 1;
            }
            option @ (b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I') => {
                let number = read_integer(bytes, layout.big_endian, option.is_ascii_lowercase());
                call.push(number);
                count += 1;
            }
            option => control(call, &mut layout, text, option)?,
        }
        at += taken;
        call.charge(1 + taken as u64 / 64)?;
    }
    call.push(at.wrapping_add(1) as i64 as f64);
    Ok(Flow::Return(count + 1))
}

fn size(call: &mut Call<'_>) -> NativeResult {
    let text = call.check_string(1)?;
    let mut layout = Layout::new();
    let mut total = 0_usize;
    while let Some(item) = next_item(call, &mut layout, text, total)? {
        match item.option {
            b's' => return Err(call.argument_error(1, "option 's' has no fixed size")),
            b'c' if item.size == 0 => {
                return Err(call.argument_error(1, "option 'c0' has no fixed size"));
            }
            // Letters and digits that mean nothing pass.
            option if option.is_ascii_alphanumeric() => {}
            option => control(call, &mut layout, text, option)?,
        }
        total = total.saturating_add(item.padding).saturating_add(item.size);
        call.charge(1)?;
    }
    call.return_value(total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Results printed by redis-server 7.0.15.
    #[test]
    fn integers_beyond_eight_bytes_are_read_as_by_the_original() {
        let data = |size: usize| {
            let mut data = vec![0; size];
            data[1] = 1;
            data
        };
        assert_eq!(read_integer(&data(8), false, true), 256.0);
        assert_eq!(read_integer(&data(9), false, true), -128.0);
        assert_eq!(read_integer(&data(9), false, false), 256.0);
        assert_eq!(read_integer(&data(10), false, true), 256.0);
        assert_eq!(read_integer(&data(17), false, true), -128.0);
        assert_eq!(read_integer(&data(9), true, true), -128.0);
        assert_eq!(read_integer(&data(10), true, true), 0.0);
        assert_eq!(read_integer(&[255; 16], true, true), -1.0);
        assert_eq!(read_integer(&[], false, true), 0.0);
    }

    #[test]
    fn alignment_follows_the_size() {
        let items = |text: &[u8]| {
            let mut layout = Layout::new();
            let mut offset = 0;
            let mut paddings = Vec::new();
            while let Some(item) = layout.next(text, offset).unwrap() {
                if item.size == 0 {
                    layout.control(text, item.option).unwrap();
                    continue;
                }
                paddings.push(item.padding);
                offset += item.padding + item.size;
            }
            paddings
        };
        assert_eq!(items(b"!bd"), [0, 7]);
        assert_eq!(items(b"!4bhd"), [0, 1, 0]);
        assert_eq!(items(b"!i3"), [2]);
        assert_eq!(items(b"!8bi5"), [0, 4]);
        assert_eq!(items(b"bd"), [0, 0]);
    }

    proptest! {
        #[test]
        fn no_layout_panics(text in proptest::collection::vec(
            prop_oneof![proptest::sample::select(b"><!bBhHlLTiIfdscx0123456789 ".to_vec()), any::<u8>()], 0..20))
        {
            let mut layout = Layout::new();
            let mut offset = 0_usize;
            while let Ok(Some(item)) = layout.next(&text, offset) {
                let _ = layout.control(&text, item.option);
                offset = offset.saturating_add(item.padding).saturating_add(item.size);
            }
        }

        #[test]
        fn integers_come_back(value in any::<i32>(), size in 4_usize..=8, big_endian in any::<bool>()) {
            let mut out = Vec::new();
            write_integer(&mut out, f64::from(value), size, big_endian);
            prop_assert_eq!(out.len(), size);
            prop_assert_eq!(read_integer(&out, big_endian, true), f64::from(value));
        }
    }
}
