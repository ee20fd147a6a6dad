//! Taking members from an end: ZPOPMIN, ZPOPMAX and ZMPOP.

use std::ops::Range;

use keyspace::{Event, Unit};
use types::{Bytes, SortedSet};

use super::members_reply;
use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// The end to pop from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Min,
    Max,
}

impl End {
    fn event(self) -> Event {
        Event::sorted_set(match self {
            End::Min => "zpopmin",
            End::Max => "zpopmax",
        })
    }

    /// The command that pops from this end.
    pub(super) fn pop_name(self) -> &'static [u8] {
        match self {
            End::Min => b"ZPOPMIN",
            End::Max => b"ZPOPMAX",
        }
    }
}

/// Takes up to `count` members from a key; `None` if it is not there. `count` must not be 0.
///
/// # Errors
/// That the key holds another type.
pub(super) fn pop(
    keys: &mut Unit<'_>,
    key: &[u8],
    end: End,
    count: usize,
) -> Result<Option<Vec<(Bytes, f64)>>, CommandError> {
    let Some(mut edit) = keys.edit::<SortedSet>(key)? else {
        return Ok(None);
    };
    let len = edit.len();
    let count = count.min(len);
    let popped = match end {
        End::Min => edit.value_mut().remove_range(0..count),
        End::Max => {
            let mut popped = edit.value_mut().remove_range(len - count..len);
            popped.reverse();
            popped
        }
    };
    edit.commit_many(end.event(), count as u64);
    Ok(Some(popped))
}

/// `ZPOPMIN key [count]`
pub(super) fn zpopmin(context: &mut Context<'_, '_>) -> CommandResult {
    pop_one_key(context, End::Min)
}

/// `ZPOPMAX key [count]`
pub(super) fn zpopmax(context: &mut Context<'_, '_>) -> CommandResult {
    pop_one_key(context, End::Max)
}

fn pop_one_key(context: &mut Context<'_, '_>, end: End) -> CommandResult {
    let args = context.args;
    let count = match args.get(2) {
        _ if args.len() > 3 => return Err(CommandError::Syntax),
        None => None,
        Some(count) => Some(argument::positive(count)?),
    };
    let popped = if count == Some(0) {
        // Nothing to pop, but the type is looked at.
        context.keys.edit::<SortedSet>(args[1])?;
        None
    } else {
        pop(context.keys, args[1], end, count.unwrap_or(1))?
    };
    let popped = popped.unwrap_or_default();
    match &popped[..] {
        // Without a count not even RESP3 makes a pair of it.
        [(member, score)] if count.is_none() => {
            context.reply.array(2);
            context.reply.bulk(member);
            context.reply.double(*score);
        }
        _ => members_reply(context.reply, pairs(&popped), true),
    }
    Ok(())
}

fn pairs(members: &[(Bytes, f64)]) -> impl ExactSizeIterator<Item = (&[u8], f64)> {
    members
        .iter()
        .map(|(member, score)| (member.as_slice(), *score))
}

/// `numkeys key [key …] MIN | MAX [COUNT count]`, the arguments of ZMPOP and BZMPOP.
pub(super) struct ManyKeys {
    /// Which arguments are keys.
    pub(super) keys: Range<usize>,
    /// Where to pop.
    pub(super) end: End,
    /// How many members, at least one.
    pub(super) count: usize,
}

impl ManyKeys {
    /// Reads the arguments from the number of keys, at index `at`, to the end.
    ///
    /// # Errors
    /// As Redis has them.
    pub(super) fn parse(args: &[&[u8]], at: usize) -> Result<ManyKeys, CommandError> {
        let at_least_one = |argument: &[u8], text: &'static str| {
            let number = argument::integer(argument).unwrap_or(0);
            usize::try_from(number)
                .ok()
                .filter(|&number| number > 0)
                .ok_or(CommandError::text(text))
        };
        let key_count = at_least_one(args[at], "ERR numkeys should be greater than 0")?;
        let first = at + 1;
        let rest = args[first..].get(key_count..).unwrap_or_default();
        let (end, options) = rest.split_first().ok_or(CommandError::Syntax)?;
        let end = if is_word(end, "min") {
            End::Min
        } else if is_word(end, "max") {
            End::Max
        } else {
            return Err(CommandError::Syntax);
        };
        let count = match options {
            [] => 1,
            [word, count, more @ ..] if is_word(word, "count") => {
                let count = at_least_one(count, "ERR count should be greater than 0")?;
                if !more.is_empty() {
                    return Err(CommandError::Syntax);
                }
                count
            }
            _ => return Err(CommandError::Syntax),
        };
        Ok(ManyKeys {
            keys: first..first + key_count,
            end,
            count,
        })
    }
}

/// Answers what came from a key, as ZMPOP does.
pub(super) fn key_and_members_reply(
    context: &mut Context<'_, '_>,
    key: &[u8],
    popped: &[(Bytes, f64)],
) {
    context.reply.array(2);
    context.reply.bulk(key);
    context.reply.array(popped.len());
    for (member, score) in popped {
        context.reply.array(2);
        context.reply.bulk(member);
        context.reply.double(*score);
    }
}

/// `ZMPOP numkeys key [key …] MIN | MAX [COUNT count]`
pub(super) fn zmpop(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let many = ManyKeys::parse(args, 1)?;
    for key in &args[many.keys] {
        if let Some(popped) = pop(context.keys, key, many.end, many.count)? {
            key_and_members_reply(context, key, &popped);
            context.effect_with_number(&[many.end.pop_name(), key], popped.len() as i64);
            return Ok(());
        }
    }
    context.reply.null_array();
    Ok(())
}
