//! From one list to another: LMOVE and RPOPLPUSH.

use keyspace::WrongType;
use types::list::End;
use types::{Bytes, List};

use super::{end_of_word, pop_event, push_event};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `LMOVE source destination LEFT|RIGHT LEFT|RIGHT`
pub(super) fn lmove(context: &mut Context<'_, '_>) -> CommandResult {
    let ends = ends(context.args)?;
    move_or_null(context, ends)
}

/// `RPOPLPUSH source destination`
pub(super) fn rpoplpush(context: &mut Context<'_, '_>) -> CommandResult {
    move_or_null(context, (End::Back, End::Front))
}

fn move_or_null(context: &mut Context<'_, '_>, ends: (End, End)) -> CommandResult {
    if !move_element(context, ends)? {
        context.reply.null();
    }
    Ok(())
}

/// Which ends the arguments of LMOVE and BLMOVE name.
pub(super) fn ends(args: &[&[u8]]) -> Result<(End, End), CommandError> {
    let from = end_of_word(args[3]).ok_or(CommandError::Syntax)?;
    let to = end_of_word(args[4]).ok_or(CommandError::Syntax)?;
    Ok((from, to))
}

/// Moves an element between the lists that the first two arguments name, and answers it; whether the source is there.
/// If either is no list, nothing happens.
pub(super) fn move_element(
    context: &mut Context<'_, '_>,
    (from, to): (End, End),
) -> Result<bool, WrongType> {
    let (source, destination) = (context.args[1], context.args[2]);
    let Some(list) = context.keys.edit::<List>(source)? else {
        return Ok(false);
    };
    let index = match from {
        End::Front => 0,
        End::Back => list.len() - 1,
    };
    let element = list.get(index).map(Bytes::from).unwrap_or_default();
    drop(list);
    // First there, then gone here: subscribers hear it in this order, and a list of one element turned on itself never
    // is empty. Either way round the elements end up the same.
    let mut list = context.keys.edit_or_create(destination, List::new)?;
    list.value_mut()
        .push(to, &element, &context.settings.limits);
    list.commit(push_event(to));
    if let Some(mut list) = context.keys.edit::<List>(source)? {
        list.value_mut().pop(from);
        list.commit_many(pop_event(from), 0);
    }
    context.reply.bulk(&element);
    Ok(true)
}
