//! Waiting for members to pop: BZPOPMIN, BZPOPMAX and BZMPOP.

use std::ops::Range;

use types::{Bytes, SortedSet};

use super::pop::{End, ManyKeys, key_and_members_reply, pop};
use crate::argument;
use crate::context::{Context, Refusal};
use crate::error::{CommandError, CommandResult};

/// `BZPOPMIN key [key …] timeout`
pub(super) fn bzpopmin(context: &mut Context<'_, '_>) -> CommandResult {
    pop_one(context, End::Min)
}

/// `BZPOPMAX key [key …] timeout`
pub(super) fn bzpopmax(context: &mut Context<'_, '_>) -> CommandResult {
    pop_one(context, End::Max)
}

fn pop_one(context: &mut Context<'_, '_>, end: End) -> CommandResult {
    let args = context.args;
    let last = args.len() - 1;
    let timeout_ms = argument::timeout_seconds(args[last])?;
    match pop_first(context, 1..last, end, 1)? {
        Some((key, popped)) => {
            context.reply.array(3);
            context.reply.bulk(key);
            for (member, score) in &popped {
                context.reply.bulk(member);
                context.reply.double(*score);
            }
        }
        None => context.block(1..last, timeout_ms, Refusal::NullArray),
    }
    Ok(())
}

/// `BZMPOP timeout numkeys key [key …] MIN | MAX [COUNT count]`
pub(super) fn bzmpop(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let many = ManyKeys::parse(args, 2)?;
    let timeout_ms = argument::timeout_seconds(args[1])?;
    match pop_first(context, many.keys.clone(), many.end, many.count)? {
        Some((key, popped)) => key_and_members_reply(context, key, &popped),
        None => context.block(many.keys, timeout_ms, Refusal::NullArray),
    }
    Ok(())
}

/// A key and what was popped from it.
type Popped<'a> = (&'a [u8], Vec<(Bytes, f64)>);

/// Pops from the first of the keys that is there; on a second try only from the key that came into being.
fn pop_first<'a>(
    context: &mut Context<'a, '_>,
    keys: Range<usize>,
    end: End,
    count: usize,
) -> Result<Option<Popped<'a>>, CommandError> {
    for &key in &context.args[keys] {
        if let Some(woken_by) = context.woken_by {
            // What came into being may be of another type: the command waits on.
            let serves = matches!(context.keys.peek_as::<SortedSet>(key), Ok(Some(_)));
            if woken_by != key || !serves {
                continue;
            }
        }
        if let Some(popped) = pop(context.keys, key, end, count)? {
            return Ok(Some((key, popped)));
        }
    }
    Ok(None)
}
