//! COMMAND DOCS: what commands are for and what arguments they take.

use resp::Reply;

use super::Named;
use crate::context::Context;
use crate::error::CommandResult;
use crate::syntax::{Argument, ArgumentKind};

/// `COMMAND DOCS [name …]`
pub(super) fn docs(context: &mut Context<'_, '_>) -> CommandResult {
    let names = &context.args[2..];
    let found: Vec<Named> = if names.is_empty() {
        Named::all().collect()
    } else {
        names.iter().filter_map(|name| Named::find(name)).collect()
    };
    context.reply.map(found.len());
    for named in &found {
        write_docs(context.reply, named);
    }
    Ok(())
}

/// Writes a command's full name and its documentation.
fn write_docs(reply: &mut dyn Reply, named: &Named) {
    let command = named.command;
    let flagged = command.internal || command.deprecated.is_some();
    let fields = 3
        + usize::from(!command.complexity.is_empty())
        + usize::from(flagged)
        + 2 * usize::from(command.deprecated.is_some())
        + usize::from(!command.arguments.is_empty())
        + usize::from(!command.subcommands.is_empty());
    reply.bulk(named.name.as_bytes());
    reply.map(fields);
    write_text(reply, "summary", command.summary);
    write_text(reply, "since", command.since);
    write_text(reply, "group", command.group.name());
    if !command.complexity.is_empty() {
        write_text(reply, "complexity", command.complexity);
    }
    if flagged {
        let names = [
            (command.deprecated.is_some(), "deprecated"),
            (command.internal, "syscmd"),
        ];
        reply.bulk(b"doc_flags");
        write_statuses(reply, &names);
    }
    if let Some(deprecation) = &command.deprecated {
        write_text(reply, "deprecated_since", deprecation.since);
        write_text(reply, "replaced_by", deprecation.replaced_by);
    }
    if !command.arguments.is_empty() {
        reply.bulk(b"arguments");
        write_arguments(reply, command.arguments);
    }
    if !command.subcommands.is_empty() {
        reply.bulk(b"subcommands");
        reply.map(command.subcommands.len());
        for subcommand in named.subcommands() {
            write_docs(reply, &subcommand);
        }
    }
}

fn write_text(reply: &mut dyn Reply, name: &str, text: &str) {
    reply.bulk(name.as_bytes());
    reply.bulk(text.as_bytes());
}

fn write_statuses(reply: &mut dyn Reply, names: &[(bool, &str)]) {
    let set = names.iter().filter(|(set, _)| *set);
    reply.set(set.clone().count());
    for (_, name) in set {
        reply.status(name);
    }
}

fn write_arguments(reply: &mut dyn Reply, arguments: &[Argument]) {
    reply.array(arguments.len());
    for argument in arguments {
        write_argument(reply, argument);
    }
}

fn write_argument(reply: &mut dyn Reply, argument: &Argument) {
    let key_spec = match argument.kind {
        ArgumentKind::Key(spec) => spec,
        ArgumentKind::KeyPattern(spec) => Some(spec),
        _ => None,
    };
    let parts = argument.kind.parts();
    let flagged = argument.optional || argument.repeated;
    let fields = 2
        + usize::from(key_spec.is_some())
        + usize::from(argument.token.is_some())
        + usize::from(argument.since.is_some())
        + usize::from(argument.deprecated_since.is_some())
        + usize::from(flagged)
        + usize::from(!parts.is_empty());
    reply.map(fields);
    write_text(reply, "name", argument.name);
    write_text(reply, "type", argument.kind.name());
    if let Some(spec) = key_spec {
        reply.bulk(b"key_spec_index");
        reply.integer(spec as i64);
    }
    if let Some(token) = argument.token {
        write_text(reply, "token", token);
    }
    if let Some(version) = argument.since {
        write_text(reply, "since", version);
    }
    if let Some(version) = argument.deprecated_since {
        write_text(reply, "deprecated_since", version);
    }
    if flagged {
        let names = [
            (argument.optional, "optional"),
            (argument.repeated, "multiple"),
            (argument.token_repeated, "multiple_token"),
        ];
        reply.bulk(b"flags");
        write_statuses(reply, &names);
    }
    if !parts.is_empty() {
        reply.bulk(b"arguments");
        write_arguments(reply, parts);
    }
}
