//! Reading lists: LLEN, LINDEX, LRANGE.

use types::List;

use super::element_index;
use crate::argument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::run::bulk_runs;

/// `LLEN key`
pub(super) fn llen(context: &mut Context<'_, '_>) -> CommandResult {
    let list = context.keys.read::<List>(context.args[1])?;
    context.reply.integer(list.map_or(0, List::len) as i64);
    Ok(())
}

/// `LINDEX key index`, a negative index counting from the tail
pub(super) fn lindex(context: &mut Context<'_, '_>) -> CommandResult {
    let element = match context.keys.read::<List>(context.args[1])? {
        Some(list) => {
            let index = argument::integer(context.args[2])?;
            element_index(index, list.len()).and_then(|index| list.get(index))
        }
        None => None,
    };
    context.reply.bulk_or_null(element);
    Ok(())
}

/// `LRANGE key start stop`, both inclusive, negative ones counting from the tail
pub(super) fn lrange(context: &mut Context<'_, '_>) -> CommandResult {
    let start = argument::integer(context.args[2])?;
    let stop = argument::integer(context.args[3])?;
    match context.keys.read::<List>(context.args[1])? {
        None => context.reply.array(0),
        Some(list) => {
            let elements = list.range(argument::index_range(start, stop, list.len()));
            context.reply.array(elements.len());
            bulk_runs(context.reply, elements);
        }
    }
    Ok(())
}
