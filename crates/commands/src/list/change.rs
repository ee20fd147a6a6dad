//! Changing lists in their midst: LSET, LINSERT, LREM and LTRIM.

use keyspace::Event;
use types::List;
use types::list::End;

use super::element_index;
use super::pop::{DISPOSE_ELEMENTS, FEW};
use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `LSET key index element`, a negative index counting from the tail
pub(super) fn lset(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, element) = (context.args[1], context.args[3]);
    let mut list = context
        .keys
        .edit::<List>(key)?
        .ok_or(CommandError::NoSuchKey)?;
    let index = argument::integer(context.args[2])?;
    let index = element_index(index, list.len()).ok_or(CommandError::IndexOutOfRange)?;
    list.value_mut()
        .set(index, element, &context.settings.limits);
    list.commit(Event::list("lset"));
    context.reply.ok();
    Ok(())
}

/// `LINSERT key BEFORE|AFTER pivot element`
pub(super) fn linsert(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, place) = (context.args[1], context.args[2]);
    let (pivot, element) = (context.args[3], context.args[4]);
    let offset = if is_word(place, "before") {
        0
    } else if is_word(place, "after") {
        1
    } else {
        return Err(CommandError::Syntax);
    };
    let Some(mut list) = context.keys.edit::<List>(key)? else {
        context.reply.integer(0);
        return Ok(());
    };
    let Some(index) = list.iter().position(|other| other == pivot) else {
        context.reply.integer(-1);
        return Ok(());
    };
    list.value_mut()
        .insert(index + offset, element, &context.settings.limits);
    let length = list.len();
    list.commit(Event::list("linsert"));
    context.reply.integer(length as i64);
    Ok(())
}

/// `LREM key count element`: from the head, from the tail if `count` is negative, all if it is 0
pub(super) fn lrem(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, element) = (context.args[1], context.args[3]);
    let count = argument::integer(context.args[2])?;
    let (end, count_max) = match count {
        0 => (End::Front, usize::MAX),
        1.. => (End::Front, count.unsigned_abs() as usize),
        _ => (End::Back, count.unsigned_abs() as usize),
    };
    let Some(mut list) = context.keys.edit::<List>(key)? else {
        context.reply.integer(0);
        return Ok(());
    };
    let removed = list.value_mut().remove_equal(element, end, count_max).len();
    if removed == 0 {
        list.unchanged();
    } else {
        list.commit_many(Event::list("lrem"), removed as u64);
    }
    context.reply.integer(removed as i64);
    Ok(())
}

/// `LTRIM key start stop`: keeps what LRANGE would answer
pub(super) fn ltrim(context: &mut Context<'_, '_>) -> CommandResult {
    let start = argument::integer(context.args[2])?;
    let stop = argument::integer(context.args[3])?;
    if let Some(mut list) = context.keys.edit::<List>(context.args[1])? {
        let length = list.len();
        let keep = argument::index_range(start, stop, length);
        let removed = length - keep.len();
        let mut elements = list.value_mut();
        if removed > FEW {
            let (front, back) = elements.trim(keep);
            if removed > DISPOSE_ELEMENTS {
                (context.dispose)(Box::new((front, back)));
            }
        } else {
            // A list kept short by a trim after each push: no need to part it.
            for _ in keep.end..length {
                elements.pop(End::Back);
            }
            for _ in 0..keep.start {
                elements.pop(End::Front);
            }
        }
        list.commit_many(Event::list("ltrim"), removed as u64);
    }
    context.reply.ok();
    Ok(())
}
