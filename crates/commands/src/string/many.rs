//! Many strings at once: MGET, MSET and MSETNX.

use keyspace::Expiry;
use types::{StringValue, Value};

use super::SET;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `MGET key [key …]`; keys of other types read as missing
pub(super) fn mget(context: &mut Context<'_, '_>) -> CommandResult {
    let keys = &context.args[1..];
    context.reply.array(keys.len());
    for key in keys {
        match context.keys.get(key) {
            Some(Value::String(value)) => context.reply.bulk(&value.text()),
            _ => context.reply.null(),
        }
    }
    Ok(())
}

/// `MSET key value [key value …]`
pub(super) fn mset(context: &mut Context<'_, '_>) -> CommandResult {
    let pairs = pairs(context, "mset")?;
    set_all(context, pairs);
    context.reply.ok();
    Ok(())
}

/// `MSETNX key value [key value …]`
pub(super) fn msetnx(context: &mut Context<'_, '_>) -> CommandResult {
    let pairs = pairs(context, "msetnx")?;
    let absent = pairs
        .chunks_exact(2)
        .all(|pair| !context.keys.exists(pair[0]));
    if absent {
        set_all(context, pairs);
    }
    context.reply.integer(i64::from(absent));
    Ok(())
}

fn pairs<'a>(
    context: &Context<'a, '_>,
    command: &'static str,
) -> Result<&'a [&'a [u8]], CommandError> {
    let pairs = &context.args[1..];
    if pairs.len().is_multiple_of(2) {
        Ok(pairs)
    } else {
        Err(CommandError::Arity(command.into()))
    }
}

fn set_all(context: &mut Context<'_, '_>, pairs: &[&[u8]]) {
    for pair in pairs.chunks_exact(2) {
        let value = Value::String(StringValue::new(pair[1]));
        context.keys.set(pair[0], value, Expiry::Clear, SET);
    }
}
