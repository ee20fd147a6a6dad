//! MEMORY: what keys cost.

use commands::argument::is_word;
use commands::{CommandError, CommandResult};

use crate::road::run::{Call, ServerHandler};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[("memory", "usage", usage)];

fn usage(call: &mut Call<'_>) -> CommandResult {
    match &call.args[3..] {
        [] => {}
        [word, samples] if is_word(word, "samples") => {
            // The size is known exactly, so there is nothing to sample; the number is checked all the same.
            let samples = types::number::parse_i64(samples).ok_or(CommandError::NotInteger)?;
            if samples < 0 {
                return Err(CommandError::Syntax);
            }
        }
        _ => return Err(CommandError::Syntax),
    }
    match call.unit.memory_usage(call.args[2]) {
        Some(bytes) => call.reply.integer(bytes as i64),
        None => call.reply.null(),
    }
    Ok(())
}
