//! Fields as numbers: HINCRBY and HINCRBYFLOAT.

use keyspace::Event;
use types::Hash;
use types::number::{Extended, parse_i64, write_i64};

use crate::argument;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `HINCRBY key field increment`
pub(super) fn hincrby(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, field) = (context.args[1], context.args[2]);
    let increment = argument::integer(context.args[3])?;
    let mut hash = context.keys.edit_or_create(key, Hash::new)?;
    let before = match hash.get(field) {
        Some(value) => {
            parse_i64(value).ok_or(CommandError::text("ERR hash value is not an integer"))?
        }
        None => 0,
    };
    let after = before.checked_add(increment).ok_or(CommandError::text(
        "ERR increment or decrement would overflow",
    ))?;
    let mut scratch = [0; 20];
    hash.value_mut().set(
        field,
        write_i64(after, &mut scratch),
        &context.settings.limits,
    );
    hash.commit(Event::hash("hincrby"));
    context.reply.integer(after);
    Ok(())
}

/// `HINCRBYFLOAT key field increment`
pub(super) fn hincrbyfloat(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, field) = (context.args[1], context.args[2]);
    let increment = Extended::parse(context.args[3]).ok_or(CommandError::NotFloat)?;
    if !increment.is_finite() {
        return Err(CommandError::text("ERR value is NaN or Infinity"));
    }
    let mut hash = context.keys.edit_or_create(key, Hash::new)?;
    let before = match hash.get(field) {
        Some(value) => {
            Extended::parse(value).ok_or(CommandError::text("ERR hash value is not a float"))?
        }
        None => Extended::from(0),
    };
    let after = before.checked_add(increment).ok_or(CommandError::text(
        "ERR increment would produce NaN or Infinity",
    ))?;
    let mut text = Vec::new();
    after.format(&mut text);
    hash.value_mut().set(field, &text, &context.settings.limits);
    hash.commit(Event::hash("hincrbyfloat"));
    context.effect(&[b"HSET", key, field, &text]);
    context.reply.bulk(&text);
    Ok(())
}
