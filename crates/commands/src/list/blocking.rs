//! Taking from lists that may still be empty: BLPOP, BRPOP, BLMPOP, BLMOVE and BRPOPLPUSH.
//!
//! A command that is tried again because a key came into being looks at that key alone, and goes on waiting if it
//! turned out to be no list.

use std::ops::Range;

use keyspace::WrongType;
use types::List;
use types::list::End;

use super::moving::{ends, move_element};
use super::pop::{ManyPop, pop_many, pop_one};
use crate::argument;
use crate::context::{Context, Refusal};
use crate::error::{CommandError, CommandResult};

/// `BLPOP key [key …] timeout`
pub(super) fn blpop(context: &mut Context<'_, '_>) -> CommandResult {
    pop(context, End::Front)
}

/// `BRPOP key [key …] timeout`
pub(super) fn brpop(context: &mut Context<'_, '_>) -> CommandResult {
    pop(context, End::Back)
}

fn pop(context: &mut Context<'_, '_>, end: End) -> CommandResult {
    let last = context.args.len() - 1;
    let timeout_ms = argument::timeout_seconds(context.args[last])?;
    serve(context, 1..last, timeout_ms, |context, key| {
        pop_one(context, key, end)
    })
}

/// `BLMPOP timeout numkeys key [key …] LEFT|RIGHT [COUNT count]`
pub(super) fn blmpop(context: &mut Context<'_, '_>) -> CommandResult {
    let ManyPop { keys, end, count } = ManyPop::parse(context.args, 2)?;
    let timeout_ms = argument::timeout_seconds(context.args[1])?;
    serve(context, keys, timeout_ms, |context, key| {
        pop_many(context, key, end, count)
    })
}

/// Tries the keys in order until `attempt` finds one that is there; waits for them if none is.
fn serve<'a, 'k>(
    context: &mut Context<'a, 'k>,
    keys: Range<usize>,
    timeout_ms: Option<i64>,
    mut attempt: impl FnMut(&mut Context<'a, 'k>, &[u8]) -> Result<bool, WrongType>,
) -> CommandResult {
    match context.woken_by {
        Some(key) => {
            if attempt(context, key) == Ok(true) {
                return Ok(());
            }
        }
        None => {
            let args = context.args;
            for key in &args[keys.clone()] {
                if attempt(context, key)? {
                    return Ok(());
                }
            }
        }
    }
    context.block(keys, timeout_ms, Refusal::NullArray);
    Ok(())
}

/// `BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout`
pub(super) fn blmove(context: &mut Context<'_, '_>) -> CommandResult {
    let ends = ends(context.args)?;
    move_or_wait(context, ends, 5)
}

/// `BRPOPLPUSH source destination timeout`
pub(super) fn brpoplpush(context: &mut Context<'_, '_>) -> CommandResult {
    move_or_wait(context, (End::Back, End::Front), 3)
}

fn move_or_wait(
    context: &mut Context<'_, '_>,
    ends: (End, End),
    timeout_at: usize,
) -> Result<(), CommandError> {
    let timeout_ms = argument::timeout_seconds(context.args[timeout_at])?;
    // The destination is looked at when there is something to move, and then a wrong type there is an error.
    let source_serves =
        context.woken_by.is_none() || context.keys.peek_as::<List>(context.args[1]).is_ok();
    if !source_serves || !move_element(context, ends)? {
        context.block(1..2, timeout_ms, Refusal::Null);
    }
    Ok(())
}
