//! Strings as arrays of bits: SETBIT, BITCOUNT, BITFIELD and their kin.

mod bits;
mod count;
mod field;
mod operation;

#[cfg(test)]
mod tests;

use keyspace::Event;

use crate::record::{Command, Group, Handler, KeySpec, category, flag, key_flag};

/// What subscribers hear when bits of a string change.
const SETBIT: Event = Event::string("setbit");

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "bitcount",
        arity: -2,
        flags: flag::READONLY,
        categories: category::BITMAP,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::Bitmap,
        since: "2.6.0",
        summary: "Counts the bits set in a string.",
        complexity: "O(N), N being the bytes looked at",
        handler: Handler::Data(count::bitcount),
        ..Command::EMPTY
    },
    Command {
        name: "bitfield",
        arity: -2,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::BITMAP,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE | key_flag::VARIABLE_FLAGS,
        )],
        group: Group::Bitmap,
        since: "3.2.0",
        summary: "Reads and changes integers of any width within a string.",
        complexity: "O(1) for each operation",
        handler: Handler::Data(field::bitfield),
        ..Command::EMPTY
    },
    Command {
        name: "bitfield_ro",
        arity: -2,
        flags: flag::READONLY | flag::FAST,
        categories: category::BITMAP,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::Bitmap,
        since: "6.0.0",
        summary: "Reads integers of any width within a string.",
        complexity: "O(1) for each operation",
        handler: Handler::Data(field::bitfield_ro),
        ..Command::EMPTY
    },
    Command {
        name: "bitop",
        arity: -4,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::BITMAP,
        keys: &[
            KeySpec::one(2, key_flag::OW | key_flag::UPDATE),
            KeySpec::range(3, -1, 1, key_flag::RO | key_flag::ACCESS),
        ],
        group: Group::Bitmap,
        since: "2.6.0",
        summary: "Combines strings bit by bit and stores the result.",
        complexity: "O(N), N being the bytes of all strings",
        handler: Handler::Data(operation::bitop),
        ..Command::EMPTY
    },
    Command {
        name: "bitpos",
        arity: -3,
        flags: flag::READONLY,
        categories: category::BITMAP,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::Bitmap,
        since: "2.8.7",
        summary: "Finds the first bit set or clear in a string.",
        complexity: "O(N), N being the bytes looked at",
        handler: Handler::Data(count::bitpos),
        ..Command::EMPTY
    },
    Command {
        name: "getbit",
        arity: 3,
        flags: flag::READONLY | flag::FAST,
        categories: category::BITMAP,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::Bitmap,
        since: "2.2.0",
        summary: "Returns a bit of a string.",
        complexity: "O(1)",
        handler: Handler::Data(bits::getbit),
        ..Command::EMPTY
    },
    Command {
        name: "setbit",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::BITMAP,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::Bitmap,
        since: "2.2.0",
        summary: "Sets or clears a bit of a string and returns what it was.",
        complexity: "O(1)",
        handler: Handler::Data(bits::setbit),
        ..Command::EMPTY
    },
];
