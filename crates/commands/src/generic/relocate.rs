//! Keys that get another name, another database or a twin: RENAME, RENAMENX, MOVE, COPY.

use keyspace::{Event, Expiry};

use super::database_index;
use crate::argument::is_word;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

const SAME_PLACE: CommandError =
    CommandError::text("ERR source and destination objects are the same");

/// `RENAME key newkey`
pub(super) fn rename(context: &mut Context<'_, '_>) -> CommandResult {
    rename_key(context)?;
    context.reply.ok();
    Ok(())
}

/// `RENAMENX key newkey`
pub(super) fn renamenx(context: &mut Context<'_, '_>) -> CommandResult {
    let (from, to) = (context.args[1], context.args[2]);
    if context.keys.exists(from) && context.keys.exists(to) {
        context.reply.integer(0);
        return Ok(());
    }
    rename_key(context)?;
    context.reply.integer(1);
    Ok(())
}

fn rename_key(context: &mut Context<'_, '_>) -> CommandResult {
    let (from, to) = (context.args[1], context.args[2]);
    if !context.keys.exists(from) {
        return Err(CommandError::NoSuchKey);
    }
    if from != to {
        let database = context.keys.database();
        context.keys.relocate(
            (database, from),
            (database, to),
            Event::generic("rename_from"),
            Event::generic("rename_to"),
        );
    }
    Ok(())
}

/// `MOVE key db`
pub(super) fn move_key(context: &mut Context<'_, '_>) -> CommandResult {
    let key = context.args[1];
    let from = context.keys.database();
    let to = database_index(context, context.args[2])?;
    if from == to {
        return Err(SAME_PLACE);
    }
    let moved = !exists_in(context, to, key)
        && context.keys.relocate(
            (from, key),
            (to, key),
            Event::generic("move_from"),
            Event::generic("move_to"),
        );
    context.reply.integer(i64::from(moved));
    Ok(())
}

/// `COPY source destination [DB db] [REPLACE]`
pub(super) fn copy(context: &mut Context<'_, '_>) -> CommandResult {
    let (source, destination) = (context.args[1], context.args[2]);
    let from = context.keys.database();
    let mut to = from;
    let mut replace = false;
    let mut words = context.args[3..].iter();
    while let Some(word) = words.next() {
        if is_word(word, "replace") {
            replace = true;
        } else if is_word(word, "db")
            && let Some(database) = words.next()
        {
            to = database_index(context, database)?;
        } else {
            return Err(CommandError::Syntax);
        }
    }
    if from == to && source == destination {
        return Err(SAME_PLACE);
    }

    let value = context.keys.get(source).cloned();
    let expiry = context.keys.expiry(source).flatten();
    let copied = match value {
        Some(value) if replace || !exists_in(context, to, destination) => {
            let expiry = expiry.map_or(Expiry::Clear, Expiry::At);
            context.keys.select(to);
            if context.keys.exists(destination) {
                // What is replaced goes without a word, and its place is taken by a new key.
                context.keys.note_event(Event::NEW, destination);
            }
            context
                .keys
                .set(destination, value, expiry, Event::generic("copy_to"));
            context.keys.select(from);
            true
        }
        _ => false,
    };
    context.reply.integer(i64::from(copied));
    Ok(())
}

fn exists_in(context: &mut Context<'_, '_>, database: usize, key: &[u8]) -> bool {
    let selected = context.keys.database();
    context.keys.select(database);
    let exists = context.keys.exists(key);
    context.keys.select(selected);
    exists
}
