//! Adding at the ends of lists: LPUSH, RPUSH, LPUSHX and RPUSHX.

use keyspace::Edit;
use types::List;
use types::list::End;

use super::push_event;
use crate::context::Context;
use crate::error::CommandResult;

/// `LPUSH key element [element …]`
pub(super) fn lpush(context: &mut Context<'_, '_>) -> CommandResult {
    push(context, End::Front)
}

/// `RPUSH key element [element …]`
pub(super) fn rpush(context: &mut Context<'_, '_>) -> CommandResult {
    push(context, End::Back)
}

/// `LPUSHX key element [element …]`
pub(super) fn lpushx(context: &mut Context<'_, '_>) -> CommandResult {
    push_if_there(context, End::Front)
}

/// `RPUSHX key element [element …]`
pub(super) fn rpushx(context: &mut Context<'_, '_>) -> CommandResult {
    push_if_there(context, End::Back)
}

fn push(context: &mut Context<'_, '_>, end: End) -> CommandResult {
    let list = context.keys.edit_or_create(context.args[1], List::new)?;
    let length = add(list, end, &context.args[2..], &context.settings.limits);
    context.reply.integer(length as i64);
    Ok(())
}

fn push_if_there(context: &mut Context<'_, '_>, end: End) -> CommandResult {
    let length = match context.keys.edit::<List>(context.args[1])? {
        Some(list) => add(list, end, &context.args[2..], &context.settings.limits),
        None => 0,
    };
    context.reply.integer(length as i64);
    Ok(())
}

/// Adds the elements one by one; the list's length then.
fn add(
    mut edit: Edit<'_, '_, List>,
    end: End,
    elements: &[&[u8]],
    limits: &types::Limits,
) -> usize {
    let mut list = edit.value_mut();
    for element in elements {
        list.push(end, element, limits);
    }
    let length = list.len();
    edit.commit_many(push_event(end), elements.len() as u64);
    length
}
