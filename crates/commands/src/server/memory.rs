//! MEMORY USAGE: what a key costs.

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `MEMORY USAGE key [SAMPLES count]`; the size is known exactly, so nothing needs to be sampled
pub(super) fn usage(context: &mut Context<'_, '_>) -> CommandResult {
    let mut words = context.args[3..].iter();
    while let Some(word) = words.next() {
        match words.next() {
            Some(count) if is_word(word, "samples") => {
                if argument::integer(count)? < 0 {
                    return Err(CommandError::Syntax);
                }
            }
            _ => return Err(CommandError::Syntax),
        }
    }
    match context.keys.memory_usage(context.args[2]) {
        Some(bytes) => context.reply.integer(bytes as i64),
        None => context.reply.null(),
    }
    Ok(())
}
