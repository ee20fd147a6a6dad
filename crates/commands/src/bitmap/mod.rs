//! Strings as arrays of bits: SETBIT, BITCOUNT, BITFIELD and their kin.

mod bits;
mod count;
mod field;
mod operation;

#[cfg(test)]
mod tests;

use keyspace::Event;

use crate::record::{Command, Group, Handler, KeySpec, category, flag, key_flag};
use crate::syntax::Argument;

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
        arguments: &[
            Argument::key("key", 0),
            Argument::block(
                "index",
                &[
                    Argument::integer("start"),
                    Argument::integer("end"),
                    Argument::one_of(
                        "index_unit",
                        &[Argument::word("byte", "BYTE"), Argument::word("bit", "BIT")],
                    )
                    .since("7.0.0")
                    .optional(),
                ],
            )
            .optional(),
        ],
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
        arguments: &[
            Argument::key("key", 0),
            Argument::one_of(
                "operation",
                &[
                    Argument::block(
                        "encoding_offset",
                        &[Argument::string("encoding"), Argument::integer("offset")],
                    )
                    .after("GET"),
                    Argument::block(
                        "write",
                        &[
                            Argument::one_of(
                                "wrap_sat_fail",
                                &[
                                    Argument::word("wrap", "WRAP"),
                                    Argument::word("sat", "SAT"),
                                    Argument::word("fail", "FAIL"),
                                ],
                            )
                            .after("OVERFLOW")
                            .optional(),
                            Argument::one_of(
                                "write_operation",
                                &[
                                    Argument::block(
                                        "encoding_offset_value",
                                        &[
                                            Argument::string("encoding"),
                                            Argument::integer("offset"),
                                            Argument::integer("value"),
                                        ],
                                    )
                                    .after("SET"),
                                    Argument::block(
                                        "encoding_offset_increment",
                                        &[
                                            Argument::string("encoding"),
                                            Argument::integer("offset"),
                                            Argument::integer("increment"),
                                        ],
                                    )
                                    .after("INCRBY"),
                                ],
                            ),
                        ],
                    ),
                ],
            )
            .optional()
            .repeated(),
        ],
        key_finder: Some(field::find_key),
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
        arguments: &[
            Argument::key("key", 0),
            Argument::block(
                "encoding_offset",
                &[Argument::string("encoding"), Argument::integer("offset")],
            )
            .after("GET")
            .optional()
            .repeated_with_token(),
        ],
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
        arguments: &[
            Argument::string("operation"),
            Argument::key("destkey", 0),
            Argument::key("key", 1).repeated(),
        ],
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
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("bit"),
            Argument::block(
                "index",
                &[
                    Argument::integer("start"),
                    Argument::block(
                        "end_index",
                        &[
                            Argument::integer("end"),
                            Argument::one_of(
                                "index_unit",
                                &[Argument::word("byte", "BYTE"), Argument::word("bit", "BIT")],
                            )
                            .since("7.0.0")
                            .optional(),
                        ],
                    )
                    .optional(),
                ],
            )
            .optional(),
        ],
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
        arguments: &[Argument::key("key", 0), Argument::integer("offset")],
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
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("offset"),
            Argument::integer("value"),
        ],
        ..Command::EMPTY
    },
];
