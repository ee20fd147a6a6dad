//! COMMAND GETKEYS and COMMAND GETKEYSANDFLAGS: the keys of a whole call.

use super::info::write_names;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::keys::{KeyPositions, key_positions};
use crate::record::{Command, flag, key_flag};
use crate::{is_container, lookup, lookup_subcommand};

/// `COMMAND GETKEYS name [argument …]`
pub(super) fn getkeys(context: &mut Context<'_, '_>) -> CommandResult {
    let call = &context.args[2..];
    let positions = positions(call)?;
    context.reply.array(positions.len());
    for position in &positions {
        context.reply.bulk(call[position.index]);
    }
    Ok(())
}

/// `COMMAND GETKEYSANDFLAGS name [argument …]`
pub(super) fn getkeysandflags(context: &mut Context<'_, '_>) -> CommandResult {
    let call = &context.args[2..];
    let positions = positions(call)?;
    context.reply.array(positions.len());
    for position in &positions {
        context.reply.array(2);
        context.reply.bulk(call[position.index]);
        write_names(context.reply, position.flags, key_flag::NAMES);
    }
    Ok(())
}

fn positions(call: &[&[u8]]) -> Result<KeyPositions, CommandError> {
    let command = called(call).ok_or(CommandError::text("ERR Invalid command specified"))?;
    let has_keys = command
        .keys
        .iter()
        .any(|spec| spec.flags & key_flag::NOT_KEY == 0);
    if !has_keys {
        return Err(CommandError::text("ERR The command has no key arguments"));
    }
    if !command.arity_fits(call.len()) {
        return Err(CommandError::text(
            "ERR Invalid number of arguments specified for command",
        ));
    }
    match key_positions(command, call) {
        Ok(positions) => Ok(positions),
        Err(_) if command.has(flag::NO_MANDATORY_KEYS) => Ok(KeyPositions::new()),
        Err(_) => Err(CommandError::text(
            "ERR Invalid arguments specified for command",
        )),
    }
}

fn called(call: &[&[u8]]) -> Option<&'static Command> {
    let command = lookup(call[0])?;
    match call.get(1) {
        Some(word) if is_container(command) => lookup_subcommand(command, word),
        _ => Some(command),
    }
}
