//! Counting and finding bits: BITCOUNT and BITPOS, eight bytes at a time.

use std::ops::Range;

use types::StringValue;

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `BITCOUNT key [start end [BYTE | BIT]]`
pub(super) fn bitcount(context: &mut Context<'_, '_>) -> CommandResult {
    let mut scratch = [0; 20];
    let count = match context.keys.read::<StringValue>(context.args[1])? {
        None => 0,
        Some(value) => {
            let bytes = value.as_bytes(&mut scratch);
            let range = match context.args[2..] {
                [] => 0..bytes.len() as u64 * 8,
                [start, end, ref unit @ ..] if unit.len() <= 1 => {
                    let (start, end) = (argument::integer(start)?, argument::integer(end)?);
                    if end < start && start < 0 {
                        // Nothing lies between them, whatever the unit says.
                        0..0
                    } else {
                        bit_range(argument::byte_range, start, end, unit, bytes.len())?
                    }
                }
                _ => return Err(CommandError::Syntax),
            };
            ones(bytes, range)
        }
    };
    context.reply.integer(count as i64);
    Ok(())
}

/// `BITPOS key bit [start [end [BYTE | BIT]]]`
pub(super) fn bitpos(context: &mut Context<'_, '_>) -> CommandResult {
    let wanted = match argument::integer(context.args[2])? {
        0 => false,
        1 => true,
        _ => {
            return Err(CommandError::text("ERR The bit argument must be 1 or 0."));
        }
    };
    let mut scratch = [0; 20];
    let position = match context.keys.read::<StringValue>(context.args[1])? {
        None => (!wanted).then_some(0),
        Some(value) => {
            let bytes = value.as_bytes(&mut scratch);
            let (range, open_end) = match context.args[3..] {
                [] => (0..bytes.len() as u64 * 8, true),
                [start] => {
                    let start = argument::integer(start)?;
                    (
                        bit_range(argument::clamped_range, start, -1, &[], bytes.len())?,
                        true,
                    )
                }
                [_, _, _, _, ..] => return Err(CommandError::Syntax),
                [start, end, ref unit @ ..] => {
                    let start = argument::integer(start)?;
                    // The unit is looked at before the end is.
                    check_unit(unit)?;
                    let end = argument::integer(end)?;
                    (
                        bit_range(argument::clamped_range, start, end, unit, bytes.len())?,
                        false,
                    )
                }
            };
            // A string without end given goes on with zeros.
            let beyond = range.end;
            let zeros_follow = open_end && !wanted && !range.is_empty();
            first(bytes, range, wanted).or(zeros_follow.then_some(beyond))
        }
    };
    context
        .reply
        .integer(position.map_or(-1, |position| position as i64));
    Ok(())
}

fn check_unit(unit: &[&[u8]]) -> Result<bool, CommandError> {
    match unit {
        [] => Ok(false),
        [word] if is_word(word, "bit") => Ok(true),
        [word] if is_word(word, "byte") => Ok(false),
        _ => Err(CommandError::Syntax),
    }
}

/// The bits from `start` to `end`, both inclusive, counted in the unit of the words that follow them;
/// `range` says how ends outside the string are taken.
fn bit_range(
    range: fn(i64, i64, usize) -> Range<usize>,
    start: i64,
    end: i64,
    unit: &[&[u8]],
    length: usize,
) -> Result<Range<u64>, CommandError> {
    if check_unit(unit)? {
        let range = range(start, end, length * 8);
        Ok(range.start as u64..range.end as u64)
    } else {
        let range = range(start, end, length);
        Ok(range.start as u64 * 8..range.end as u64 * 8)
    }
}

/// The whole bytes in a range of bits, with the byte before them and the byte after them cut to the range.
struct Cut<'a> {
    /// The bits before the whole bytes: the byte's index and the bits of it that count.
    head: Option<(usize, u8)>,
    body: &'a [u8],
    body_at: usize,
    tail: Option<(usize, u8)>,
}

fn cut(bytes: &[u8], range: Range<u64>) -> Cut<'_> {
    let (first, last) = ((range.start / 8) as usize, (range.end / 8) as usize);
    let head_mask = 0xffu8 >> (range.start % 8);
    let tail_mask = !(0xffu8 >> (range.end % 8));
    if range.is_empty() || first == last {
        let mask = if range.is_empty() {
            0
        } else {
            head_mask & tail_mask
        };
        return Cut {
            head: (mask != 0).then_some((first, mask)),
            body: &[],
            body_at: first,
            tail: None,
        };
    }
    let body_at = first + usize::from(head_mask != 0xff);
    Cut {
        head: (head_mask != 0xff).then_some((first, head_mask)),
        body: &bytes[body_at..last],
        body_at,
        tail: (tail_mask != 0).then_some((last, tail_mask)),
    }
}

/// How many bits of the range are set.
fn ones(bytes: &[u8], range: Range<u64>) -> u64 {
    let cut = cut(bytes, range);
    let edge = |edge: Option<(usize, u8)>| {
        edge.map_or(0, |(index, mask)| (bytes[index] & mask).count_ones())
    };
    let (words, rest) = cut.body.as_chunks::<8>();
    let body: u64 = words
        .iter()
        .map(|word| u64::from(u64::from_ne_bytes(*word).count_ones()))
        .sum();
    let rest: u32 = rest.iter().map(|byte| byte.count_ones()).sum();
    body + u64::from(rest + edge(cut.head) + edge(cut.tail))
}

/// The first bit of the range that is set, or clear.
fn first(bytes: &[u8], range: Range<u64>, set: bool) -> Option<u64> {
    let cut = cut(bytes, range);
    let flip = if set { 0 } else { 0xff };
    let in_byte = |index: usize, mask: u8| {
        let byte = (bytes[index] ^ flip) & mask;
        (byte != 0).then(|| index as u64 * 8 + u64::from(byte.leading_zeros()))
    };
    if let Some(position) = cut.head.and_then(|(index, mask)| in_byte(index, mask)) {
        return Some(position);
    }
    let (words, _) = cut.body.as_chunks::<8>();
    let skip = if set { 0 } else { u64::MAX };
    let skipped = words
        .iter()
        .position(|word| u64::from_ne_bytes(*word) != skip)
        .unwrap_or(words.len());
    (cut.body_at + skipped * 8..cut.body_at + cut.body.len())
        .find_map(|index| in_byte(index, 0xff))
        .or_else(|| cut.tail.and_then(|(index, mask)| in_byte(index, mask)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_agree_with_one_bit_at_a_time(
            bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(0xff), any::<u8>()], 0..40),
            from in 0u64..330,
            to in 0u64..330,
        ) {
            let end = bytes.len() as u64 * 8;
            let range = from.min(end)..to.min(end);
            let bit = |index: u64| bytes[(index / 8) as usize] & (0x80 >> (index % 8)) != 0;
            prop_assert_eq!(
                ones(&bytes, range.clone()),
                range.clone().filter(|&index| bit(index)).count() as u64
            );
            for set in [false, true] {
                prop_assert_eq!(
                    first(&bytes, range.clone(), set),
                    range.clone().find(|&index| bit(index) == set)
                );
            }
        }
    }
}
