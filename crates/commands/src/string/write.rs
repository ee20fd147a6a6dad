//! Changing strings in place: APPEND and SETRANGE.

use keyspace::Event;
use types::StringValue;

use crate::argument;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `APPEND key value`
pub(super) fn append(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, addition) = (context.args[1], context.args[2]);
    let limit = context.settings.string_bytes_max;
    let mut value = context
        .keys
        .edit_or_create(key, || StringValue::new(addition))?;
    let length = if value.is_new() {
        value.len()
    } else {
        argument::check_string_length(value.len() as u64, addition.len() as u64, limit)?;
        value.value_mut().append(addition)
    };
    value.commit(Event::string("append"));
    context.reply.integer(length as i64);
    Ok(())
}

/// `SETRANGE key offset value`
pub(super) fn setrange(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, patch) = (context.args[1], context.args[3]);
    let offset = argument::integer(context.args[2])?;
    let offset =
        u64::try_from(offset).map_err(|_| CommandError::text("ERR offset is out of range"))?;
    let limit = context.settings.string_bytes_max;
    let mut value = context.keys.edit_or_create(key, || StringValue::raw(b""))?;
    if patch.is_empty() {
        let length = value.len();
        value.unchanged();
        context.reply.integer(length as i64);
        return Ok(());
    }
    argument::check_string_length(offset, patch.len() as u64, limit)?;
    let length = value.value_mut().set_range(offset as usize, patch);
    value.commit(Event::string("setrange"));
    context.reply.integer(length as i64);
    Ok(())
}
