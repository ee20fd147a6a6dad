//! Looking a command up, with the error texts for names nobody knows.
//!
//! The table here binds each record of the command table to what the server adds to it: the handler of a server
//! command, a lock planner where key specs do not tell enough, and a number for the counters.

use std::sync::OnceLock;

use commands::{Command, CommandError, Handler};
use keyspace::LockPlan;

use crate::client::Client;
use crate::concerns::Concerns;
use crate::handlers;
use crate::road::run::{Bench, ServerHandler};
use crate::script_tally::TallyTraits;
use crate::server::Server;

/// How much of what the client wrote an error repeats.
const NAME_SHOWN_MAX: usize = 128;

/// Plans the locks of a command whose keys its record cannot tell.
pub(crate) type Planner = fn(&Server, &mut Bench, &Client, &[&[u8]]) -> LockPlan;

/// A command or subcommand as the server knows it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) command: &'static Command,
    pub(crate) container: Option<&'static Command>,
    /// Its number among all entries.
    pub(crate) index: usize,
    /// The server's handler, for a record that leaves it to the server.
    pub(crate) handler: Option<ServerHandler>,
    pub(crate) planner: Option<Planner>,
    /// What tallies of scripts want to know of it.
    pub(crate) tally: TallyTraits,
    /// What there may be to look at when a script calls it.
    pub(crate) concerns: Concerns,
    /// The index of the argument that is its only key, by which it is locked; 0 if there is no such argument.
    pub(crate) only_key: usize,
    subcommands: Vec<usize>,
}

impl Entry {
    /// `set`, or `config|get`.
    pub(crate) fn full_name(&self) -> String {
        match self.container {
            Some(container) => format!("{}|{}", container.name, self.command.name),
            None => self.command.name.to_owned(),
        }
    }

    /// The locks a call with these arguments needs.
    pub(crate) fn plan(
        &self,
        server: &Server,
        bench: &mut Bench,
        client: &Client,
        args: &[&[u8]],
    ) -> LockPlan {
        match self.planner {
            Some(planner) => planner(server, bench, client, args),
            None => commands::keys::lock_plan(self.command, args),
        }
    }

    /// Whether MULTI runs the command at once instead of queueing it.
    pub(crate) fn runs_inside_multi(&self) -> bool {
        self.container.is_none()
            && matches!(
                self.command.name,
                "exec" | "discard" | "multi" | "watch" | "quit" | "reset"
            )
    }

    /// Whether the command is EXEC, which does what its queue does.
    pub(crate) fn is_exec(&self) -> bool {
        self.container.is_none() && self.command.name == "exec"
    }

    /// Whether the command's replies are messages, which CLIENT REPLY does not hold back.
    pub(crate) fn replies_are_messages(&self) -> bool {
        self.container.is_none()
            && matches!(
                self.command.name,
                "subscribe"
                    | "unsubscribe"
                    | "psubscribe"
                    | "punsubscribe"
                    | "ssubscribe"
                    | "sunsubscribe"
            )
    }

    /// Whether the argument behind its name may name another command.
    pub(crate) fn has_subcommands(&self) -> bool {
        !self.subcommands.is_empty()
    }

    /// Whether the command is one of its subcommands only.
    fn is_container(&self) -> bool {
        matches!(self.command.handler, Handler::Container)
    }
}

struct Table {
    entries: Vec<Entry>,
    /// The entries' numbers of the commands that are no subcommands, in the order of the command table.
    commands: Vec<usize>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table {
            entries: Vec::new(),
            commands: Vec::new(),
        };
        for command in commands::commands() {
            let subcommands = command
                .subcommands
                .iter()
                .map(|subcommand| table.add(subcommand, Some(command), Vec::new()))
                .collect();
            let index = table.add(command, None, subcommands);
            table.commands.push(index);
        }
        table
    })
}

impl Table {
    fn add(
        &mut self,
        command: &'static Command,
        container: Option<&'static Command>,
        subcommands: Vec<usize>,
    ) -> usize {
        let index = self.entries.len();
        let (handler, planner) = match command.handler {
            Handler::Server => handlers::bind(container, command),
            _ => (None, None),
        };
        self.entries.push(Entry {
            command,
            container,
            index,
            handler,
            planner,
            tally: TallyTraits::of(command),
            concerns: Concerns::of(command),
            only_key: match planner {
                None => commands::keys::only_key_index(command).unwrap_or(0),
                Some(_) => 0,
            },
            subcommands,
        });
        index
    }
}

/// Every command and subcommand, by number.
pub(crate) fn entries() -> &'static [Entry] {
    &table().entries
}

/// Finds the command these arguments name and checks their number.
///
/// # Errors
/// The texts for an unknown command or subcommand and for a wrong number of arguments.
pub(crate) fn lookup(args: &[&[u8]]) -> Result<&'static Entry, CommandError> {
    check_arity(find(args)?, args)
}

/// From a command to the subcommand the arguments name, if it has any; checks the number of arguments.
///
/// # Errors
/// As [`lookup`].
pub(crate) fn resolve(
    entry: &'static Entry,
    args: &[&[u8]],
) -> Result<&'static Entry, CommandError> {
    check_arity(subcommand(entry, args)?, args)
}

/// Finds the command these arguments name, whatever their number.
///
/// # Errors
/// The texts for an unknown command or subcommand.
pub(crate) fn find(args: &[&[u8]]) -> Result<&'static Entry, CommandError> {
    let table = table();
    match commands::numbered(args[0]) {
        Some((number, _)) => subcommand(&table.entries[table.commands[number]], args),
        None => Err(unknown(args)),
    }
}

fn subcommand(entry: &'static Entry, args: &[&[u8]]) -> Result<&'static Entry, CommandError> {
    let (false, Some(word)) = (entry.subcommands.is_empty(), args.get(1)) else {
        return Ok(entry);
    };
    let entries = &table().entries;
    let named = entry
        .subcommands
        .iter()
        .map(|&index| &entries[index])
        .find(|entry| word.eq_ignore_ascii_case(entry.command.name.as_bytes()));
    match named {
        Some(subcommand) => Ok(subcommand),
        // A command that also runs alone (COMMAND) takes no other word either.
        None => Err(CommandError::UnknownSubcommand {
            given: word.to_vec(),
            container: entry.command.name.to_ascii_uppercase().into(),
        }),
    }
}

/// Checks the number of arguments. A container alone lacks its subcommand.
fn check_arity(entry: &'static Entry, args: &[&[u8]]) -> Result<&'static Entry, CommandError> {
    if entry.is_container() || !entry.command.arity_fits(args.len()) {
        return Err(CommandError::Arity(entry.full_name().into()));
    }
    Ok(entry)
}

fn unknown(args: &[&[u8]]) -> CommandError {
    let mut text = b"ERR unknown command '".to_vec();
    text.extend_from_slice(repeated(args[0], NAME_SHOWN_MAX));
    text.extend_from_slice(b"', with args beginning with: ");
    let start = text.len();
    for argument in &args[1..] {
        let room = NAME_SHOWN_MAX.saturating_sub(text.len() - start);
        if room == 0 {
            break;
        }
        text.push(b'\'');
        text.extend_from_slice(repeated(argument, room));
        text.extend_from_slice(b"' ");
    }
    CommandError::Bytes(text)
}

/// What an error repeats of a word: its beginning, at most up to a zero byte.
fn repeated(word: &[u8], bytes_max: usize) -> &[u8] {
    types::up_to_zero(&word[..word.len().min(bytes_max)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_command_has_a_handler() {
        for entry in entries() {
            if matches!(entry.command.handler, Handler::Server) {
                assert!(
                    entry.handler.is_some(),
                    "{} has no handler",
                    entry.full_name()
                );
            }
        }
    }
}
