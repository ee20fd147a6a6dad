//! Removing members: ZREM and the ZREMRANGE commands.

use keyspace::Event;
use types::SortedSet;

use super::bounds;
use super::range::Selection;
use crate::context::Context;
use crate::error::CommandResult;

const ZREM: Event = Event::sorted_set("zrem");

/// More removed members than this are freed elsewhere.
const DISPOSE_MEMBERS: usize = 64;

/// `ZREM key member [member …]`
pub(super) fn zrem(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let mut removed = 0;
    if let Some(mut edit) = context.keys.edit::<SortedSet>(args[1])? {
        let mut set = edit.value_mut();
        for member in &args[2..] {
            removed += u64::from(set.remove(member).is_some());
        }
        match removed {
            0 => edit.unchanged(),
            _ => edit.commit_many(ZREM, removed),
        }
    }
    context.reply.integer(removed as i64);
    Ok(())
}

/// `ZREMRANGEBYRANK key start stop`
pub(super) fn zremrangebyrank(context: &mut Context<'_, '_>) -> CommandResult {
    let selection = Selection::ranks(context.args[2], context.args[3])?;
    remove(context, selection, "zremrangebyrank")
}

/// `ZREMRANGEBYSCORE key min max`
pub(super) fn zremrangebyscore(context: &mut Context<'_, '_>) -> CommandResult {
    let range = bounds::score_range(context.args[2], context.args[3])?;
    remove(context, Selection::Scores(range), "zremrangebyscore")
}

/// `ZREMRANGEBYLEX key min max`
pub(super) fn zremrangebylex(context: &mut Context<'_, '_>) -> CommandResult {
    let range = bounds::lex_range(context.args[2], context.args[3])?;
    remove(context, Selection::Lex(range), "zremrangebylex")
}

fn remove(
    context: &mut Context<'_, '_>,
    selection: Selection<'_>,
    event: &'static str,
) -> CommandResult {
    let mut removed = 0;
    if let Some(mut edit) = context.keys.edit::<SortedSet>(context.args[1])? {
        let ranks = selection.of(&edit, false);
        removed = ranks.len();
        if removed > 0 {
            let members = edit.value_mut().remove_range(ranks);
            edit.commit_many(Event::sorted_set(event), removed as u64);
            if removed > DISPOSE_MEMBERS {
                (context.dispose)(Box::new(members));
            }
        }
    }
    context.reply.integer(removed as i64);
    Ok(())
}
