//! BITFIELD: integers of any width at any bit of a string.

use types::StringValue;

use super::SETBIT;
use super::bits::bit_offset;
use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::keys::{InvalidKeys, KeyPosition, KeyPositions};
use crate::record::key_flag;

/// An integer type such as `u8` or `i64`.
#[derive(Clone, Copy)]
struct Type {
    signed: bool,
    width: u32,
}

/// What becomes of a number that does not fit.
#[derive(Clone, Copy)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

enum Action {
    Get,
    Set(i64, Overflow),
    Increment(i64, Overflow),
}

struct Step {
    kind: Type,
    offset: u64,
    action: Action,
}

/// `BITFIELD key [GET type offset | [OVERFLOW WRAP | SAT | FAIL] SET type offset value | INCRBY type offset increment …]`
pub(super) fn bitfield(context: &mut Context<'_, '_>) -> CommandResult {
    let steps = steps(context)?;
    let Some(end) = written_bytes(&steps) else {
        return read(context, &steps);
    };
    let mut value = context
        .keys
        .edit_or_create(context.args[1], || StringValue::raw(b""))?;
    let before = value.len();
    let mut string = value.value_mut();
    // The zero bytes come even if every step fails, and the string is raw from now on.
    string.range_mut(end..end);
    let grown = string.len() != before;
    let mut changes = 0;
    let mut replies = Vec::with_capacity(steps.len());
    for step in &steps {
        let first = (step.offset / 8) as usize;
        let field = first..(first + FIELD_BYTES_MAX).min(string.len());
        let mut scratch = [0; 20];
        let old = load(string.get_range(field.clone(), &mut scratch), step);
        let new = match step.action {
            Action::Get => {
                replies.push(Some(old));
                continue;
            }
            // An unsigned field takes a negative number as the large one of the same bits.
            Action::Set(number, overflow) if step.kind.signed => {
                // Redis measures the room above a value in 64 bits; for one this far below, the measure wraps and the value
                // counts as too large.
                let max = i64::MAX >> (64 - step.kind.width);
                let wraps = max.checked_sub(number).is_none() && step.kind.width < 64;
                let saturates = matches!(overflow, Overflow::Saturate);
                let number = if wraps && saturates { max } else { number };
                step.kind.fit(i128::from(number), overflow)
            }
            Action::Set(number, overflow) => step.kind.fit(i128::from(number as u64), overflow),
            Action::Increment(increment, overflow) => {
                let sum = i128::from(old) + i128::from(increment);
                step.kind.fit(sum, overflow)
            }
        };
        if let Some(new) = new {
            store(string.range_mut(field), step, new);
            changes += u64::from(grown || new != old);
        }
        replies.push(new.map(|new| match step.action {
            Action::Set(..) => old,
            _ => new,
        }));
    }
    // Zero bytes added for a step that then failed are a change too, though the counter leaves them out.
    if changes > 0 || grown {
        value.commit_many(SETBIT, changes);
    } else {
        value.unchanged();
    }

    context.reply.array(replies.len());
    for reply in replies {
        match reply {
            Some(number) => context.reply.integer(number),
            None => context.reply.null(),
        }
    }
    Ok(())
}

/// `BITFIELD_RO key [GET type offset …]`
pub(super) fn bitfield_ro(context: &mut Context<'_, '_>) -> CommandResult {
    let steps = steps(context)?;
    if written_bytes(&steps).is_some() {
        return Err(CommandError::text(
            "ERR BITFIELD_RO only supports the GET subcommand",
        ));
    }
    read(context, &steps)
}

fn read(context: &mut Context<'_, '_>, steps: &[Step]) -> CommandResult {
    let mut scratch = [0; 20];
    let value = context.keys.read::<StringValue>(context.args[1])?;
    let bytes: &[u8] = value.map_or(&[], |value| value.as_bytes(&mut scratch));
    context.reply.array(steps.len());
    for step in steps {
        let field = bytes.get((step.offset / 8) as usize..).unwrap_or_default();
        context.reply.integer(load(field, step));
    }
    Ok(())
}

fn steps(context: &Context<'_, '_>) -> Result<Vec<Step>, CommandError> {
    let mut steps = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut words = &context.args[2..];
    while let [word, rest @ ..] = words {
        if is_word(word, "overflow") {
            let [name, rest @ ..] = rest else {
                return Err(CommandError::Syntax);
            };
            overflow = match name {
                name if is_word(name, "wrap") => Overflow::Wrap,
                name if is_word(name, "sat") => Overflow::Saturate,
                name if is_word(name, "fail") => Overflow::Fail,
                _ => {
                    return Err(CommandError::text("ERR Invalid OVERFLOW type specified"));
                }
            };
            words = rest;
            continue;
        }
        let with_number = match word {
            word if is_word(word, "get") => false,
            word if is_word(word, "set") || is_word(word, "incrby") => true,
            _ => return Err(CommandError::Syntax),
        };
        let (kind, offset, number, rest) = match (rest, with_number) {
            ([kind, offset, rest @ ..], false) => (kind, offset, None, rest),
            ([kind, offset, number, rest @ ..], true) => (kind, offset, Some(number), rest),
            _ => return Err(CommandError::Syntax),
        };
        let kind = Type::parse(kind)?;
        let offset = bit_offset(context, offset, Some(kind.width))?;
        let action = match number {
            None => Action::Get,
            Some(number) => {
                let number = argument::integer(number)?;
                if is_word(word, "set") {
                    Action::Set(number, overflow)
                } else {
                    Action::Increment(number, overflow)
                }
            }
        };
        steps.push(Step {
            kind,
            offset,
            action,
        });
        words = rest;
    }
    Ok(steps)
}

/// How long the string must be for every write, in bytes; `None` if nothing is written.
fn written_bytes(steps: &[Step]) -> Option<usize> {
    steps
        .iter()
        .filter(|step| !matches!(step.action, Action::Get))
        .map(|step| ((step.offset + u64::from(step.kind.width)).div_ceil(8)) as usize)
        .max()
}

impl Type {
    fn parse(text: &[u8]) -> Result<Type, CommandError> {
        let (signed, width_max) = match text.first() {
            Some(b'i') => (true, 64),
            Some(b'u') => (false, 63),
            _ => (false, 0),
        };
        text.get(1..)
            .and_then(types::number::parse_i64)
            .filter(|width| (1..=width_max).contains(width))
            .map(|width| Type {
                signed,
                width: width as u32,
            })
            .ok_or(CommandError::text(
                "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not \
                 supported but i64 is.",
            ))
    }

    /// The number as this type holds it, or `None` if it does not fit and must not be bent.
    fn fit(self, number: i128, overflow: Overflow) -> Option<i64> {
        let (min, max) = if self.signed {
            (
                -(1i128 << (self.width - 1)),
                (1i128 << (self.width - 1)) - 1,
            )
        } else {
            (0, (1i128 << self.width) - 1)
        };
        if (min..=max).contains(&number) {
            return Some(number as i64);
        }
        match overflow {
            Overflow::Wrap => Some(self.number_of(number as u64)),
            Overflow::Saturate => Some(number.clamp(min, max) as i64),
            Overflow::Fail => None,
        }
    }

    /// The number that the lowest `width` bits mean.
    fn number_of(self, bits: u64) -> i64 {
        let unused = 64 - self.width;
        if self.signed {
            ((bits << unused) as i64) >> unused
        } else {
            ((bits << unused) >> unused) as i64
        }
    }
}

/// Bytes a field can touch.
const FIELD_BYTES_MAX: usize = 9;

/// The bytes a field touches, the first as the most significant. `bytes` begin with the field's first.
fn window(bytes: &[u8], step: &Step) -> (u128, u32) {
    let mut window = [0u8; 16];
    let count = bytes.len().min(FIELD_BYTES_MAX);
    window[..count].copy_from_slice(&bytes[..count]);
    let shift = 128 - (step.offset % 8) as u32 - step.kind.width;
    (u128::from_be_bytes(window), shift)
}

fn load(bytes: &[u8], step: &Step) -> i64 {
    let (window, shift) = window(bytes, step);
    step.kind.number_of((window >> shift) as u64)
}

fn store(bytes: &mut [u8], step: &Step, number: i64) {
    let (window, shift) = window(bytes, step);
    let mask = (u128::MAX >> (128 - step.kind.width)) << shift;
    let field = (u128::from(number as u64) << shift) & mask;
    let window = ((window & !mask) | field).to_be_bytes();
    let count = bytes.len().min(FIELD_BYTES_MAX);
    bytes[..count].copy_from_slice(&window[..count]);
}

/// BITFIELD only reads its key if it is asked for nothing but GET.
pub(super) fn find_key(args: &[&[u8]]) -> Result<KeyPositions, InvalidKeys> {
    let mut words = &args[2..];
    let flags = loop {
        words = match words {
            [] => break key_flag::RO | key_flag::ACCESS,
            [word, _, _, rest @ ..] if is_word(word, "get") => rest,
            [word, _, rest @ ..] if is_word(word, "overflow") => rest,
            _ => break key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        };
    };
    Ok(KeyPositions::from_slice(&[KeyPosition { index: 1, flags }]))
}
