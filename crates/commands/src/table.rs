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
#[inline]
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
    places: Box<[Place]>,
}

#[derive(Clone, Default)]
struct Place {
    ends: Ends,
    number: usize,
    command: Option<&'static Command>,
    /// Whether no other name has the same ends.
    ends_tell: bool,
}

impl Names {
    fn new() -> Names {
        let mut places = vec![Place::default(); PLACES].into_boxed_slice();
        for (number, command) in commands().enumerate() {
            let name = command.name.as_bytes();
            let ends = Ends::of(name);
            let mut home = ends.home();
            while places[home].command.is_some() {
                home = (home + 1) % PLACES;
            }
            places[home] = Place {
                ends,
                number,
                command: Some(command),
                ends_tell: name.len() <= 16 && name.iter().all(u8::is_ascii_lowercase),
            };
        }
        Names { places }
    }

    #[inline]
    fn find(&self, name: &[u8]) -> Option<(usize, &'static Command)> {
        let ends = Ends::of(name);
        let mut home = ends.home();
        loop {
            let place = &self.places[home];
            let command = place.command?;
            if place.ends == ends
                && (place.ends_tell || command.name.as_bytes().eq_ignore_ascii_case(name))
            {
                return Some((place.number, command));
            }
            home = (home + 1) % PLACES;
        }
    }
}

/// The length of a name, its first and its last bytes, with the bit set in each by which upper and lower case differ.
/// That makes no other byte equal to a letter: of names of up to sixteen letters it is all there is to know.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    first: u64,
    last: u64,
    len: usize,
}

impl Ends {
    #[inline]
    fn of(name: &[u8]) -> Ends {
        const LOWER: u64 = 0x2020_2020_2020_2020;
        let half = |bytes: Option<&[u8; 4]>| {
            bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)))
        };
        let (first, last) = match (name.first_chunk(), name.last_chunk()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ if name.len() >= 4 => (half(name.first_chunk()), half(name.last_chunk())),
            _ => {
                let fold = |ends: u64, &byte: &u8| ends << 8 | u64::from(byte);
                (name.iter().fold(0, fold), 0)
            }
        };
        Ends {
            first: first | LOWER,
            last: last | LOWER,
            len: name.len(),
        }
    }

    /// Where the search for the name begins. No attacker chooses what is in the table.
    #[inline]
    fn home(self) -> usize {
        let hash = (self.first ^ self.last.rotate_left(23) ^ (self.len as u64) << 40)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (hash >> 32) as usize % PLACES
    }
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
            "p\x09ng",
            "bitfield\x7fro",
            "GEORADIUS\x7fRO",
            "a get of mget",
        ] {
            assert!(lookup(other.as_bytes()).is_none(), "{other:?}");
        }
        assert!(lookup(&[b'x'; 100_000]).is_none());
    }

    #[test]
    fn most_commands_are_found_at_once() {
        let distinct: std::collections::HashSet<usize> = commands()
            .map(|command| Ends::of(command.name.as_bytes()).home())
            .collect();
        assert!(distinct.len() * 10 >= commands().count() * 8);
    }
}
