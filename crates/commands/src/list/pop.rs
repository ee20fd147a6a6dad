//! Taking from the ends of lists: LPOP, RPOP, LMPOP, and what their blocking kin share with them.

use keyspace::{ValueMut, WrongType};
use types::List;
use types::list::End;

use super::{end_of_word, pop_event};
use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// Up to so many elements are taken one by one: that costs less than to part a list.
pub(super) const FEW: usize = 16;

/// Removed parts with more elements than this are freed elsewhere.
pub(super) const DISPOSE_ELEMENTS: usize = 64;

/// `LPOP key [count]`
pub(super) fn lpop(context: &mut Context<'_, '_>) -> CommandResult {
    pop(context, End::Front, "lpop")
}

/// `RPOP key [count]`
pub(super) fn rpop(context: &mut Context<'_, '_>) -> CommandResult {
    pop(context, End::Back, "rpop")
}

/// `LMPOP numkeys key [key …] LEFT|RIGHT [COUNT count]`
pub(super) fn lmpop(context: &mut Context<'_, '_>) -> CommandResult {
    let request = ManyPop::parse(context.args, 1)?;
    let args = context.args;
    for key in &args[request.keys] {
        if pop_many(context, key, request.end, request.count)? {
            return Ok(());
        }
    }
    context.reply.null_array();
    Ok(())
}

fn pop(context: &mut Context<'_, '_>, end: End, command: &'static str) -> CommandResult {
    let key = context.args[1];
    let count = match context.args[2..] {
        [] => None,
        [count] => Some(
            argument::integer(count)
                .ok()
                .and_then(|count| usize::try_from(count).ok())
                .ok_or(CommandError::MustBePositive)?,
        ),
        _ => return Err(CommandError::Arity(command.into())),
    };
    match count {
        None => {
            let Some(mut list) = context.keys.edit::<List>(key)? else {
                context.reply.null();
                return Ok(());
            };
            let element = list.value_mut().pop(end);
            list.commit(pop_event(end));
            context.reply.bulk_or_null(element.as_deref());
        }
        Some(count) => {
            if take(context, key, end, count, |_| ())?.is_none() {
                context.reply.null_array();
            }
        }
    }
    Ok(())
}

/// What LMPOP and BLMPOP are asked for.
pub(super) struct ManyPop {
    /// Indexes of the arguments that are keys.
    pub keys: std::ops::Range<usize>,
    /// Where elements are taken from.
    pub end: End,
    /// How many at most.
    pub count: usize,
}

impl ManyPop {
    /// Reads the arguments from the number of keys, at `at`, to the end.
    pub(super) fn parse(args: &[&[u8]], at: usize) -> Result<ManyPop, CommandError> {
        let positive = |argument: &[u8], message: &'static str| {
            argument::integer(argument)
                .ok()
                .and_then(|number| usize::try_from(number).ok())
                .filter(|&number| number > 0)
                .ok_or(CommandError::text(message))
        };
        let key_count = positive(args[at], "ERR numkeys should be greater than 0")?;
        let first = at + 1;
        let last = first.saturating_add(key_count);
        let end = args.get(last).copied().and_then(end_of_word);
        let end = end.ok_or(CommandError::Syntax)?;
        let count = match args[last + 1..] {
            [] => 1,
            [word, count, ref more @ ..] if is_word(word, "count") => {
                let count = positive(count, "ERR count should be greater than 0")?;
                if !more.is_empty() {
                    return Err(CommandError::Syntax);
                }
                count
            }
            _ => return Err(CommandError::Syntax),
        };
        Ok(ManyPop {
            keys: first..last,
            end,
            count,
        })
    }
}

/// Takes an element from a list and answers key and element; whether the list is there.
pub(super) fn pop_one(
    context: &mut Context<'_, '_>,
    key: &[u8],
    end: End,
) -> Result<bool, WrongType> {
    let Some(mut list) = context.keys.edit::<List>(key)? else {
        return Ok(false);
    };
    let element = list.value_mut().pop(end);
    list.commit(pop_event(end));
    context.effect(&[pop_name(end), key]);
    context.reply.array(2);
    context.reply.bulk(key);
    context.reply.bulk_or_null(element.as_deref());
    Ok(true)
}

/// Takes up to `count` elements from a list and answers the key and an array of them; whether the list is there.
pub(super) fn pop_many(
    context: &mut Context<'_, '_>,
    key: &[u8],
    end: End,
    count: usize,
) -> Result<bool, WrongType> {
    let taken = take(context, key, end, count, |reply| {
        reply.array(2);
        reply.bulk(key);
    })?;
    if let Some(count) = taken {
        context.effect_with_number(&[pop_name(end), key], count as i64);
    }
    Ok(taken.is_some())
}

/// The command that takes from an end of a list.
fn pop_name(end: End) -> &'static [u8] {
    match end {
        End::Front => b"LPOP",
        End::Back => b"RPOP",
    }
}

/// Takes up to `count` elements from a list and answers an array of them, after what `before` writes; how many, if the list
/// is there. The elements go straight from the list to the sink.
fn take(
    context: &mut Context<'_, '_>,
    key: &[u8],
    end: End,
    count: usize,
    before: impl FnOnce(&mut dyn resp::Reply),
) -> Result<Option<usize>, WrongType> {
    let Some(mut edit) = context.keys.edit::<List>(key)? else {
        return Ok(None);
    };
    before(context.reply);
    let list = &*edit;
    let length = list.len();
    let count = count.min(length);
    context.reply.array(count);
    if count == 0 {
        return Ok(Some(0));
    }
    match end {
        End::Front => {
            for element in list.range(0..count) {
                context.reply.bulk(element);
            }
        }
        End::Back => {
            for element in list.range(length - count..length).rev() {
                context.reply.bulk(element);
            }
        }
    }
    let removed = discard(edit.value_mut(), end, count);
    edit.commit_many(pop_event(end), count as u64);
    if removed.len() > DISPOSE_ELEMENTS {
        (context.dispose)(Box::new(removed));
    }
    Ok(Some(count))
}

/// Removes `count` elements at one end; those of them that are still to be freed.
pub(super) fn discard(mut list: ValueMut<'_, List>, end: End, count: usize) -> List {
    if count <= FEW {
        for _ in 0..count {
            list.pop(end);
        }
        return List::new();
    }
    let length = list.len();
    match end {
        End::Front => list.trim(count..length).0,
        End::Back => list.trim(0..length - count).1,
    }
}
