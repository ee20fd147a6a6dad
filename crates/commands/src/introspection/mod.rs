//! COMMAND: the table as clients see it.

mod call;
mod docs;
mod info;
mod list;

#[cfg(test)]
mod tests;

use crate::record::{Command, Group, Handler, Locks, category, flag};
use crate::syntax::Argument;
use crate::{commands, help, lookup, lookup_subcommand};

/// A command with its full name, `get` or `config|get`.
struct Named {
    name: String,
    command: &'static Command,
}

impl Named {
    fn of(command: &'static Command) -> Named {
        Named {
            name: command.name.to_owned(),
            command,
        }
    }

    fn subcommands(&self) -> impl Iterator<Item = Named> {
        self.command.subcommands.iter().map(|command| Named {
            name: format!("{}|{}", self.name, command.name),
            command,
        })
    }

    /// The command of a full name in any case.
    fn find(name: &[u8]) -> Option<Named> {
        let Some(bar) = name.iter().position(|&byte| byte == b'|') else {
            return lookup(name).map(Named::of);
        };
        let container = lookup(&name[..bar])?;
        let command = lookup_subcommand(container, &name[bar + 1..])?;
        Some(Named {
            name: format!("{}|{}", container.name, command.name),
            command,
        })
    }

    fn all() -> impl Iterator<Item = Named> {
        commands().map(Named::of)
    }
}

/// Containers first, each followed by its subcommands.
fn all_with_subcommands() -> impl Iterator<Item = Named> {
    Named::all().flat_map(|named| {
        let subcommands: Vec<Named> = named.subcommands().collect();
        std::iter::once(named).chain(subcommands)
    })
}

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "command",
    arity: -1,
    flags: flag::LOADING | flag::STALE,
    categories: category::CONNECTION,
    locks: Locks::None,
    tips: &["nondeterministic_output_order"],
    group: Group::Server,
    since: "2.8.13",
    summary: "Describes all commands.",
    complexity: "O(N), N being the number of commands",
    subcommands: &[
        Command {
            name: "count",
            arity: 2,
            flags: flag::LOADING | flag::STALE,
            categories: category::CONNECTION,
            locks: Locks::None,
            group: Group::Server,
            since: "2.8.13",
            summary: "Returns how many commands there are.",
            complexity: "O(1)",
            handler: Handler::Data(list::count),
            ..Command::EMPTY
        },
        Command {
            name: "docs",
            arity: -2,
            flags: flag::LOADING | flag::STALE,
            categories: category::CONNECTION,
            locks: Locks::None,
            tips: &["nondeterministic_output_order"],
            group: Group::Server,
            since: "7.0.0",
            summary: "Documents commands.",
            complexity: "O(N), N being the number of commands",
            handler: Handler::Data(docs::docs),
            arguments: &[Argument::string("command-name").optional().repeated()],
            ..Command::EMPTY
        },
        Command {
            name: "getkeys",
            arity: -4,
            flags: flag::LOADING | flag::STALE,
            categories: category::CONNECTION,
            locks: Locks::None,
            group: Group::Server,
            since: "2.8.13",
            summary: "Returns the keys of a call.",
            complexity: "O(N), N being the number of arguments",
            handler: Handler::Data(call::getkeys),
            ..Command::EMPTY
        },
        Command {
            name: "getkeysandflags",
            arity: -4,
            flags: flag::LOADING | flag::STALE,
            categories: category::CONNECTION,
            locks: Locks::None,
            group: Group::Server,
            since: "7.0.0",
            summary: "Returns the keys of a call and how it uses them.",
            complexity: "O(N), N being the number of arguments",
            handler: Handler::Data(call::getkeysandflags),
            ..Command::EMPTY
        },
        Command {
            name: "help",
            arity: 2,
            flags: flag::LOADING | flag::STALE,
            categories: category::CONNECTION,
            locks: Locks::None,
            group: Group::Server,
            since: "5.0.0",
            summary: "Explains the subcommands.",
            complexity: "O(N), N being the number of subcommands",
            handler: Handler::Data(help::answer),
            ..Command::EMPTY
        },
        Command {
            name: "info",
            arity: -2,
            flags: flag::LOADING | flag::STALE,
            categories: category::CONNECTION,
            locks: Locks::None,
            tips: &["nondeterministic_output_order"],
            group: Group::Server,
            since: "2.8.13",
            summary: "Describes commands.",
            complexity: "O(N), N being the number of commands",
            handler: Handler::Data(info::info),
            arguments: &[Argument::string("command-name").optional().repeated()],
            ..Command::EMPTY
        },
        Command {
            name: "list",
            arity: -2,
            flags: flag::LOADING | flag::STALE,
            categories: category::CONNECTION,
            locks: Locks::None,
            tips: &["nondeterministic_output_order"],
            group: Group::Server,
            since: "7.0.0",
            summary: "Returns the names of commands.",
            complexity: "O(N), N being the number of commands",
            handler: Handler::Data(list::list),
            arguments: &[Argument::one_of(
                "filterby",
                &[
                    Argument::string("module-name").after("MODULE"),
                    Argument::string("category").after("ACLCAT"),
                    Argument::pattern("pattern").after("PATTERN"),
                ],
            )
            .after("FILTERBY")
            .optional()],
            ..Command::EMPTY
        },
    ],
    handler: Handler::Data(info::all),
    ..Command::EMPTY
}];
