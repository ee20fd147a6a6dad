//! HELP subcommands: what a container's subcommands are, from the table.

use crate::context::Context;
use crate::error::CommandResult;
use crate::syntax::usage;

/// Answers `<CONTAINER> HELP`, whichever container was called.
pub(crate) fn answer(context: &mut Context<'_, '_>) -> CommandResult {
    let container = crate::lookup(context.args[0]);
    let mut lines = vec![format!(
        "{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        container
            .map_or("", |container| container.name)
            .to_uppercase()
    )];
    let subcommands = container.map_or(&[][..], |container| container.subcommands);
    for subcommand in subcommands.iter().filter(|one| one.name != "help") {
        let name = subcommand.name.to_uppercase();
        let line = format!("{name} {}", usage(subcommand.arguments));
        lines.push(line.trim_end().to_owned());
        lines.push(format!("    {}", subcommand.summary));
    }
    lines.push("HELP".to_owned());
    lines.push("    Prints this help.".to_owned());
    context.reply.array(lines.len());
    for line in &lines {
        context.reply.status(line);
    }
    Ok(())
}
