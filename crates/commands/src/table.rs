//! The command table: every family's records, each with its number, and look-up by name.

use std::sync::OnceLock;

use crate::record::Command;

/// Every family's records.
static FAMILIES: &[&[Command]] = &[
    crate::bitmap::COMMANDS,
    crate::generic::COMMANDS,
    crate::hash::COMMANDS,
    crate::introspection::COMMANDS,
    crate::list::COMMANDS,
    crate::server::connection::COMMANDS,
    crate::server::operation::COMMANDS,
    crate::server::pubsub::COMMANDS,
    crate::server::scripting::COMMANDS,
    crate::server::transactions::COMMANDS,
    crate::set::COMMANDS,
    crate::string::COMMANDS,
    crate::zset::COMMANDS,
];

/// Every command, family by family.
pub fn commands() -> impl Iterator<Item = &'static Command> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The command of a name in any case.
pub fn lookup(name: &[u8]) -> Option<&'static Command> {
    numbered(name).map(|(_, command)| command)
}

/// The command of a name in any case, with its place in [`commands`].
pub fn numbered(name: &[u8]) -> Option<(usize, &'static Command)> {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(Names::new).find(name)
}

/// A container's subcommand of a name in any case.
pub fn lookup_subcommand(container: &Command, name: &[u8]) -> Option<&'static Command> {
    let subcommands: &'static [Command] = container.subcommands;
    subcommands
        .iter()
        .find(|command| name.eq_ignore_ascii_case(command.name.as_bytes()))
}

/// Whether a second argument names a subcommand. Without one a container's arity or handler decides: COMMAND alone
/// is a command.
pub fn is_container(command: &Command) -> bool {
    !command.subcommands.is_empty()
}

/// Places in [`Names`]: a power of two, several times the number of commands, so that most are found at once.
const PLACES: usize = 1024;

/// An open-addressing table of all commands. Every request asks it once, so it is made for short names.
struct Names {
    places: Box<[Option<(usize, &'static Command)>]>,
}

impl Names {
    fn new() -> Names {
        let mut places = vec![None; PLACES].into_boxed_slice();
        for (number, command) in commands().enumerate() {
            let mut place = home(command.name.as_bytes());
            while places[place].is_some() {
                place = (place + 1) % PLACES;
            }
            places[place] = Some((number, command));
        }
        Names { places }
    }

    fn find(&self, name: &[u8]) -> Option<(usize, &'static Command)> {
        let mut place = home(name);
        while let Some((number, command)) = self.places[place] {
            if command.name.as_bytes().eq_ignore_ascii_case(name) {
                return Some((number, command));
            }
            place = (place + 1) % PLACES;
        }
        None
    }
}

/// Where the search for a name in any case begins. No attacker chooses what is in the table.
#[inline]
fn home(name: &[u8]) -> usize {
    // The bit by which upper and lower case differ is set in every byte; what else that makes equal is told apart when
    // names are compared.
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let word =
        |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
    let ends = if name.len() >= 4 {
        word(name.first_chunk()) | word(name.last_chunk()) << 32
    } else {
        name.iter()
            .fold(0, |ends, &byte| ends << 8 | u64::from(byte))
    };
    let middle = name.get(name.len() / 2).copied().unwrap_or_default();
    let hash = ((ends | LOWER) ^ u64::from(middle | 0x20) << 20 ^ (name.len() as u64) << 40)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_in_any_case_and_nothing_else() {
        for (number, command) in commands().enumerate() {
            for name in [command.name.to_owned(), command.name.to_uppercase()] {
                let found = numbered(name.as_bytes()).map(|(found, _)| found);
                assert_eq!(found, Some(number), "{name}");
            }
        }
        for other in [
            "",
            "g",
            "get ",
            "ge",
            "gets",
            "g\0t",
            "nosuchcommandnosuchcommand",
        ] {
            assert!(lookup(other.as_bytes()).is_none(), "{other:?}");
        }
        assert!(lookup(&[b'x'; 100_000]).is_none());
    }

    #[test]
    fn most_commands_are_found_at_once() {
        let distinct: std::collections::HashSet<usize> = commands()
            .map(|command| home(command.name.as_bytes()))
            .collect();
        assert!(distinct.len() * 10 >= commands().count() * 8);
    }
}
