//! Hashes: HSET, HGETALL and their kin.

mod counter;
mod random;
mod read;
mod scan;
mod write;

#[cfg(test)]
mod tests;

use keyspace::Event;

use crate::record::{Command, Deprecation, Group, Handler, KeySpec, category, flag, key_flag};
use crate::syntax::Argument;

/// What subscribers hear when fields were set.
const HSET: Event = Event::hash("hset");

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "hdel",
        arity: -3,
        flags: flag::WRITE | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::DELETE)],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Removes fields from a hash, and the key when none is left.",
        complexity: "O(N), N being the number of fields to remove",
        handler: Handler::Data(write::hdel),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("field").repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "hexists",
        arity: 3,
        flags: flag::READONLY | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO)],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Tells whether a hash has a field.",
        complexity: "O(1)",
        handler: Handler::Data(read::hexists),
        arguments: &[Argument::key("key", 0), Argument::string("field")],
        ..Command::EMPTY
    },
    Command {
        name: "hget",
        arity: 3,
        flags: flag::READONLY | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns the value of a field.",
        complexity: "O(1)",
        handler: Handler::Data(read::hget),
        arguments: &[Argument::key("key", 0), Argument::string("field")],
        ..Command::EMPTY
    },
    Command {
        name: "hgetall",
        arity: 2,
        flags: flag::READONLY,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output_order"],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns all fields of a hash with their values.",
        complexity: "O(N), N being the size of the hash",
        handler: Handler::Data(read::hgetall),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "hincrby",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Adds a number to a field's integer; a missing field counts as 0.",
        complexity: "O(1)",
        handler: Handler::Data(counter::hincrby),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("field"),
            Argument::integer("increment"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "hincrbyfloat",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::Hash,
        since: "2.6.0",
        summary: "Adds a floating-point number to a field's number; a missing field counts as 0.",
        complexity: "O(1)",
        handler: Handler::Data(counter::hincrbyfloat),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("field"),
            Argument::double("increment"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "hkeys",
        arity: 2,
        flags: flag::READONLY,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output_order"],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns all fields of a hash.",
        complexity: "O(N), N being the size of the hash",
        handler: Handler::Data(read::hkeys),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "hlen",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO)],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns the number of fields of a hash.",
        complexity: "O(1)",
        handler: Handler::Data(read::hlen),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "hmget",
        arity: -3,
        flags: flag::READONLY | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns the values of many fields.",
        complexity: "O(N), N being the number of fields asked for",
        handler: Handler::Data(read::hmget),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("field").repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "hmset",
        arity: -4,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Sets fields of a hash; a missing key starts empty.",
        complexity: "O(1) for each field",
        handler: Handler::Data(write::hmset),
        arguments: &[
            Argument::key("key", 0),
            Argument::block(
                "field_value",
                &[Argument::string("field"), Argument::string("value")],
            )
            .repeated(),
        ],
        deprecated: Some(Deprecation {
            since: "4.0.0",
            replaced_by: "`HSET` with multiple field-value pairs",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "hrandfield",
        arity: -2,
        flags: flag::READONLY,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output"],
        group: Group::Hash,
        since: "6.2.0",
        summary: "Returns fields of a hash chosen at random, with their values if asked.",
        complexity: "O(N), N being the number of fields returned",
        handler: Handler::Data(random::hrandfield),
        arguments: &[
            Argument::key("key", 0),
            Argument::block(
                "options",
                &[
                    Argument::integer("count"),
                    Argument::word("withvalues", "WITHVALUES").optional(),
                ],
            )
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "hscan",
        arity: -3,
        flags: flag::READONLY,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output"],
        group: Group::Hash,
        since: "2.8.0",
        summary: "Goes through the fields of a hash with their values, some at a time.",
        complexity: "O(1) for each call, O(N) for a whole pass, N being the size of the hash",
        handler: Handler::Data(scan::hscan),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("cursor"),
            Argument::pattern("pattern").after("MATCH").optional(),
            Argument::integer("count").after("COUNT").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "hset",
        arity: -4,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Sets fields of a hash; a missing key starts empty.",
        complexity: "O(1) for each field",
        handler: Handler::Data(write::hset),
        arguments: &[
            Argument::key("key", 0),
            Argument::block(
                "field_value",
                &[Argument::string("field"), Argument::string("value")],
            )
            .repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "hsetnx",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::INSERT)],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Sets a field of a hash if the field is not there.",
        complexity: "O(1)",
        handler: Handler::Data(write::hsetnx),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("field"),
            Argument::string("value"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "hstrlen",
        arity: 3,
        flags: flag::READONLY | flag::FAST,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO)],
        group: Group::Hash,
        since: "3.2.0",
        summary: "Returns the length of a field's value.",
        complexity: "O(1)",
        handler: Handler::Data(read::hstrlen),
        arguments: &[Argument::key("key", 0), Argument::string("field")],
        ..Command::EMPTY
    },
    Command {
        name: "hvals",
        arity: 2,
        flags: flag::READONLY,
        categories: category::HASH,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output_order"],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns all values of a hash.",
        complexity: "O(N), N being the size of the hash",
        handler: Handler::Data(read::hvals),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
];
