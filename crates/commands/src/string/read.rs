//! Reading strings: GET, GETDEL, GETEX, GETRANGE and STRLEN.

use keyspace::Event;
use types::StringValue;

use super::expiry::{TimeForm, deadline};
use super::{EXPIRE, value_reply};
use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `GET key`
pub(super) fn get(context: &mut Context<'_, '_>) -> CommandResult {
    value_reply(
        context.keys.read::<StringValue>(context.args[1])?,
        context.reply,
    );
    Ok(())
}

/// `GETDEL key`
pub(super) fn getdel(context: &mut Context<'_, '_>) -> CommandResult {
    let key = context.args[1];
    let value = context.keys.read::<StringValue>(key)?;
    let found = value.is_some();
    value_reply(value, context.reply);
    if found {
        context.keys.remove(key, Event::DEL);
        context.effect(&[b"DEL", key]);
    }
    Ok(())
}

/// `GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]`
pub(super) fn getex(context: &mut Context<'_, '_>) -> CommandResult {
    let mut persist = false;
    let mut expiry: Option<(TimeForm, &[u8])> = None;
    let mut words = context.args[2..].iter();
    while let Some(&word) = words.next() {
        if is_word(word, "persist") && expiry.is_none() {
            persist = true;
            continue;
        }
        let form = TimeForm::of_word(word).ok_or(CommandError::Syntax)?;
        let amount = words.next().ok_or(CommandError::Syntax)?;
        if persist || expiry.is_some_and(|(other, _)| other != form) {
            return Err(CommandError::Syntax);
        }
        expiry = Some((form, amount));
    }

    let key = context.args[1];
    let value = context.keys.read::<StringValue>(key)?;
    let found = value.is_some();
    if !found {
        context.reply.null();
        return Ok(());
    }
    let at = match expiry {
        Some((form, amount)) => Some(deadline(context, form, amount, "getex")?),
        None => None,
    };
    value_reply(context.keys.peek_as::<StringValue>(key)?, context.reply);
    match at {
        Some(at) if at <= context.keys.now_ms() => {
            context.keys.remove(key, Event::DEL);
            context.effect(&[b"DEL", key]);
        }
        Some(at) => {
            context.keys.set_expiry(key, Some(at), EXPIRE);
            context.effect_with_number(&[b"PEXPIREAT", key], at);
        }
        None if persist && context.keys.expiry(key).flatten().is_some() => {
            context
                .keys
                .set_expiry(key, None, Event::generic("persist"));
            context.effect(&[b"PERSIST", key]);
        }
        None => {}
    }
    Ok(())
}

/// `GETRANGE key start end`, both ends inclusive and negative ones counted from the end
pub(super) fn getrange(context: &mut Context<'_, '_>) -> CommandResult {
    let start = argument::integer(context.args[2])?;
    let end = argument::integer(context.args[3])?;
    match context.keys.read::<StringValue>(context.args[1])? {
        None => context.reply.bulk(b""),
        Some(value) => {
            let mut scratch = [0; 20];
            let range = argument::byte_range(start, end, value.len());
            context.reply.bulk(value.get_range(range, &mut scratch));
        }
    }
    Ok(())
}

/// `STRLEN key`
pub(super) fn strlen(context: &mut Context<'_, '_>) -> CommandResult {
    let value = context.keys.read::<StringValue>(context.args[1])?;
    context
        .reply
        .integer(value.map_or(0, StringValue::len) as i64);
    Ok(())
}
