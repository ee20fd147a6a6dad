//! Strings as numbers: INCR, DECR, INCRBY, DECRBY and INCRBYFLOAT.

use keyspace::Event;
use types::StringValue;
use types::number::Extended;

use crate::argument;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `INCR key`
pub(super) fn incr(context: &mut Context<'_, '_>) -> CommandResult {
    add(context, 1)
}

/// `DECR key`
pub(super) fn decr(context: &mut Context<'_, '_>) -> CommandResult {
    add(context, -1)
}

/// `INCRBY key increment`
pub(super) fn incrby(context: &mut Context<'_, '_>) -> CommandResult {
    let increment = argument::integer(context.args[2])?;
    add(context, increment)
}

/// `DECRBY key decrement`
pub(super) fn decrby(context: &mut Context<'_, '_>) -> CommandResult {
    let decrement = argument::integer(context.args[2])?;
    let increment = decrement
        .checked_neg()
        .ok_or(CommandError::text("ERR decrement would overflow"))?;
    add(context, increment)
}

fn add(context: &mut Context<'_, '_>, increment: i64) -> CommandResult {
    let mut value = context
        .keys
        .edit_or_create(context.args[1], || StringValue::from(0))?;
    let after = value.exchange(|before| {
        let before = before.as_i64().ok_or(CommandError::NotInteger)?;
        let after = before.checked_add(increment).ok_or(CommandError::text(
            "ERR increment or decrement would overflow",
        ))?;
        Ok::<_, CommandError>((StringValue::from(after), after))
    })?;
    value.commit(Event::string("incrby"));
    context.reply.integer(after);
    Ok(())
}

/// `INCRBYFLOAT key increment`
pub(super) fn incrbyfloat(context: &mut Context<'_, '_>) -> CommandResult {
    let mut value = context
        .keys
        .edit_or_create(context.args[1], || StringValue::from(0))?;
    let before = Extended::parse(&value.text()).ok_or(CommandError::NotFloat)?;
    let increment = Extended::parse(context.args[2]).ok_or(CommandError::NotFloat)?;
    let after = before.checked_add(increment).ok_or(CommandError::text(
        "ERR increment would produce NaN or Infinity",
    ))?;
    let mut text = Vec::new();
    after.format(&mut text);
    value.replace(StringValue::without_int(&text));
    value.commit(Event::string("incrbyfloat"));
    context.effect(&[b"SET", context.args[1], &text, b"KEEPTTL"]);
    context.reply.bulk(&text);
    Ok(())
}
