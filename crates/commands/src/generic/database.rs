//! Whole databases: FLUSHDB, FLUSHALL, SWAPDB.

use super::database_number;
use crate::argument::is_word;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `FLUSHDB [ASYNC | SYNC]`
pub(super) fn flushdb(context: &mut Context<'_, '_>) -> CommandResult {
    let database = context.keys.database();
    flush(context, database..database + 1)
}

/// `FLUSHALL [ASYNC | SYNC]`
pub(super) fn flushall(context: &mut Context<'_, '_>) -> CommandResult {
    let databases = context.keys.keyspace().database_count();
    flush(context, 0..databases)
}

fn flush(context: &mut Context<'_, '_>, databases: std::ops::Range<usize>) -> CommandResult {
    let elsewhere = match context.args[1..] {
        [] => context.settings.lazy_user_flush,
        [word] if is_word(word, "async") => true,
        [word] if is_word(word, "sync") => false,
        _ => return Err(CommandError::Syntax),
    };
    for database in databases {
        if elsewhere {
            context.keys.flush(database, context.dispose);
        } else {
            context.keys.flush(database, &mut drop);
        }
    }
    // Also when nothing was there: replicas may see another moment.
    context.effect(context.args);
    context.reply.ok();
    Ok(())
}

/// `SWAPDB index1 index2`
pub(super) fn swapdb(context: &mut Context<'_, '_>) -> CommandResult {
    let number = |argument, error| {
        types::number::parse_i64(argument)
            .filter(|&number| i32::try_from(number).is_ok())
            .ok_or(CommandError::text(error))
    };
    let first = number(context.args[1], "ERR invalid first DB index")?;
    let second = number(context.args[2], "ERR invalid second DB index")?;
    let first = database_number(context, first)?;
    let second = database_number(context, second)?;
    context.keys.swap_databases(first, second);
    context.reply.ok();
    Ok(())
}
