//! The command table: every family's records, each with its number, and look-up by name.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::record::Command;

/// The longest command name there can be; longer ones need no look-up.
const NAME_BYTES_MAX: usize = 32;

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

type ByName =
    HashMap<&'static [u8], (usize, &'static Command), std::hash::BuildHasherDefault<NameHasher>>;

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
    static TABLE: OnceLock<ByName> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        commands()
            .enumerate()
            .map(|(number, command)| (command.name.as_bytes(), (number, command)))
            .collect()
    });
    let mut lower = [0; NAME_BYTES_MAX];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    table.get(&*lower).copied()
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

/// FNV-1a: names are short and fixed, and no attacker chooses what is in the table.
#[derive(Default)]
struct NameHasher(u64);

impl std::hash::Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        let mut hash = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.0 = hash;
    }
}
