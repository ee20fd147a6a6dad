//! COMMAND COUNT and COMMAND LIST.

use types::glob;

use super::{Named, all_with_subcommands};
use crate::argument::is_word;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::record::category;

/// `COMMAND COUNT`
pub(super) fn count(context: &mut Context<'_, '_>) -> CommandResult {
    context.reply.integer(Named::all().count() as i64);
    Ok(())
}

/// `COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]`
pub(super) fn list(context: &mut Context<'_, '_>) -> CommandResult {
    let names: Vec<String> = match context.args[2..] {
        [] => names_where(|_| true),
        [filter, kind, wanted] if is_word(filter, "filterby") => match kind {
            // No command here comes from a module.
            kind if is_word(kind, "module") => Vec::new(),
            kind if is_word(kind, "aclcat") => {
                let bit = category::NAMES
                    .iter()
                    .find(|(_, name)| is_word(wanted, name))
                    .map_or(0, |(bit, _)| *bit);
                names_where(|named| named.command.all_categories() & bit != 0)
            }
            kind if is_word(kind, "pattern") => {
                names_where(|named| glob::matches(wanted, named.name.as_bytes(), true))
            }
            _ => return Err(CommandError::Syntax),
        },
        _ => return Err(CommandError::Syntax),
    };
    context.reply.array(names.len());
    for name in &names {
        context.reply.bulk(name.as_bytes());
    }
    Ok(())
}

fn names_where(wanted: impl Fn(&Named) -> bool) -> Vec<String> {
    all_with_subcommands()
        .filter(wanted)
        .map(|named| named.name)
        .collect()
}
