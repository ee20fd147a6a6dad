//! Strings: GET, SET and their kin.

mod counter;
mod expiry;
mod lcs;
mod many;
mod read;
mod set;
mod write;

#[cfg(test)]
mod tests;

use keyspace::Event;
use resp::Reply;
use types::StringValue;

use crate::record::{Command, Deprecation, Group, Handler, KeySpec, category, flag, key_flag};
use crate::syntax::Argument;

/// What subscribers hear when a string is set.
const SET: Event = Event::string("set");
/// What subscribers hear when a key got an expiry.
const EXPIRE: Event = Event::generic("expire");

/// Answers a string, or null for none.
fn value_reply(value: Option<&StringValue>, reply: &mut dyn Reply) {
    match value {
        Some(value) => reply.bulk(&value.text()),
        None => reply.null(),
    }
}

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "append",
        arity: 3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::INSERT)],
        group: Group::String,
        since: "2.0.0",
        summary: "Adds bytes at the end of a string; a missing key starts empty.",
        complexity: "O(1) amortized, if what is added is small",
        handler: Handler::Data(write::append),
        arguments: &[Argument::key("key", 0), Argument::string("value")],
        ..Command::EMPTY
    },
    Command {
        name: "decr",
        arity: 2,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::String,
        since: "1.0.0",
        summary: "Takes one from an integer; a missing key counts as 0.",
        complexity: "O(1)",
        handler: Handler::Data(counter::decr),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "decrby",
        arity: 3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::String,
        since: "1.0.0",
        summary: "Takes a number from an integer; a missing key counts as 0.",
        complexity: "O(1)",
        handler: Handler::Data(counter::decrby),
        arguments: &[Argument::key("key", 0), Argument::integer("decrement")],
        ..Command::EMPTY
    },
    Command {
        name: "get",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::String,
        since: "1.0.0",
        summary: "Returns the string a key holds.",
        complexity: "O(1)",
        handler: Handler::Data(read::get),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "getdel",
        arity: 2,
        flags: flag::WRITE | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::String,
        since: "6.2.0",
        summary: "Returns the string a key holds and deletes the key.",
        complexity: "O(1)",
        handler: Handler::Data(read::getdel),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "getex",
        arity: -2,
        flags: flag::WRITE | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::String,
        since: "6.2.0",
        summary: "Returns the string a key holds and may set or clear its expiry.",
        complexity: "O(1)",
        handler: Handler::Data(read::getex),
        arguments: &[
            Argument::key("key", 0),
            Argument::one_of(
                "expiration",
                &[
                    Argument::integer("seconds").after("EX"),
                    Argument::integer("milliseconds").after("PX"),
                    Argument::unix_time("unix-time-seconds").after("EXAT"),
                    Argument::unix_time("unix-time-milliseconds").after("PXAT"),
                    Argument::word("persist", "PERSIST"),
                ],
            )
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "getrange",
        arity: 4,
        flags: flag::READONLY,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::String,
        since: "2.4.0",
        summary: "Returns a part of a string.",
        complexity: "O(N), N being the length of the part",
        handler: Handler::Data(read::getrange),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("start"),
            Argument::integer("end"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "getset",
        arity: 3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::String,
        since: "1.0.0",
        summary: "Sets a string and returns the one before.",
        complexity: "O(1)",
        handler: Handler::Data(set::getset),
        arguments: &[Argument::key("key", 0), Argument::string("value")],
        deprecated: Some(Deprecation {
            since: "6.2.0",
            replaced_by: "`SET` with the `!GET` argument",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "incr",
        arity: 2,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::String,
        since: "1.0.0",
        summary: "Adds one to an integer; a missing key counts as 0.",
        complexity: "O(1)",
        handler: Handler::Data(counter::incr),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "incrby",
        arity: 3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::String,
        since: "1.0.0",
        summary: "Adds a number to an integer; a missing key counts as 0.",
        complexity: "O(1)",
        handler: Handler::Data(counter::incrby),
        arguments: &[Argument::key("key", 0), Argument::integer("increment")],
        ..Command::EMPTY
    },
    Command {
        name: "incrbyfloat",
        arity: 3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::String,
        since: "2.6.0",
        summary: "Adds a floating-point number to a number; a missing key counts as 0.",
        complexity: "O(1)",
        handler: Handler::Data(counter::incrbyfloat),
        arguments: &[Argument::key("key", 0), Argument::double("increment")],
        ..Command::EMPTY
    },
    Command {
        name: "lcs",
        arity: -3,
        flags: flag::READONLY,
        categories: category::STRING,
        keys: &[KeySpec::range(1, 1, 1, key_flag::RO | key_flag::ACCESS)],
        group: Group::String,
        since: "7.0.0",
        summary: "Finds the longest common subsequence of two strings.",
        complexity: "O(N*M), N and M being the lengths of the two strings",
        handler: Handler::Data(lcs::lcs),
        arguments: &[
            Argument::key("key1", 0),
            Argument::key("key2", 0),
            Argument::word("len", "LEN").optional(),
            Argument::word("idx", "IDX").optional(),
            Argument::integer("len").after("MINMATCHLEN").optional(),
            Argument::word("withmatchlen", "WITHMATCHLEN").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "mget",
        arity: -2,
        flags: flag::READONLY | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::range(1, -1, 1, key_flag::RO | key_flag::ACCESS)],
        tips: &["request_policy:multi_shard"],
        group: Group::String,
        since: "1.0.0",
        summary: "Returns the strings of many keys.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(many::mget),
        arguments: &[Argument::key("key", 0).repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "mset",
        arity: -3,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::STRING,
        keys: &[KeySpec::range(1, -1, 2, key_flag::OW | key_flag::UPDATE)],
        tips: &[
            "request_policy:multi_shard",
            "response_policy:all_succeeded",
        ],
        group: Group::String,
        since: "1.0.1",
        summary: "Sets many keys to strings, all at once.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(many::mset),
        arguments: &[Argument::block(
            "key_value",
            &[Argument::key("key", 0), Argument::string("value")],
        )
        .repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "msetnx",
        arity: -3,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::STRING,
        keys: &[KeySpec::range(1, -1, 2, key_flag::OW | key_flag::INSERT)],
        tips: &["request_policy:multi_shard", "response_policy:agg_min"],
        group: Group::String,
        since: "1.0.1",
        summary: "Sets many keys to strings if none of them is there.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(many::msetnx),
        arguments: &[Argument::block(
            "key_value",
            &[Argument::key("key", 0), Argument::string("value")],
        )
        .repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "psetex",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::OW | key_flag::UPDATE)],
        group: Group::String,
        since: "2.6.0",
        summary: "Sets a string that expires after some milliseconds.",
        complexity: "O(1)",
        handler: Handler::Data(set::psetex),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("milliseconds"),
            Argument::string("value"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "set",
        arity: -3,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::STRING,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE | key_flag::VARIABLE_FLAGS,
        )],
        group: Group::String,
        since: "1.0.0",
        summary: "Sets a key to a string, whatever it held, with conditions and expiry as asked.",
        complexity: "O(1)",
        handler: Handler::Data(set::set),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("value"),
            Argument::one_of(
                "condition",
                &[Argument::word("nx", "NX"), Argument::word("xx", "XX")],
            )
            .since("2.6.12")
            .optional(),
            Argument::word("get", "GET").since("6.2.0").optional(),
            Argument::one_of(
                "expiration",
                &[
                    Argument::integer("seconds").after("EX").since("2.6.12"),
                    Argument::integer("milliseconds")
                        .after("PX")
                        .since("2.6.12"),
                    Argument::unix_time("unix-time-seconds")
                        .after("EXAT")
                        .since("6.2.0"),
                    Argument::unix_time("unix-time-milliseconds")
                        .after("PXAT")
                        .since("6.2.0"),
                    Argument::word("keepttl", "KEEPTTL").since("6.0.0"),
                ],
            )
            .optional(),
        ],
        key_finder: Some(set::find_key),
        ..Command::EMPTY
    },
    Command {
        name: "setex",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::OW | key_flag::UPDATE)],
        group: Group::String,
        since: "2.0.0",
        summary: "Sets a string that expires after some seconds.",
        complexity: "O(1)",
        handler: Handler::Data(set::setex),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("seconds"),
            Argument::string("value"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "setnx",
        arity: 3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::OW | key_flag::INSERT)],
        group: Group::String,
        since: "1.0.0",
        summary: "Sets a string if the key is not there.",
        complexity: "O(1)",
        handler: Handler::Data(set::setnx),
        arguments: &[Argument::key("key", 0), Argument::string("value")],
        ..Command::EMPTY
    },
    Command {
        name: "setrange",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::String,
        since: "2.2.0",
        summary: "Overwrites a part of a string, filling a gap with zero bytes.",
        complexity: "O(1) if what is written is short, else O(M), M being its length",
        handler: Handler::Data(write::setrange),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("offset"),
            Argument::string("value"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "strlen",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::RO)],
        group: Group::String,
        since: "2.2.0",
        summary: "Returns the length of a string.",
        complexity: "O(1)",
        handler: Handler::Data(read::strlen),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "substr",
        arity: 4,
        flags: flag::READONLY,
        categories: category::STRING,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::String,
        since: "1.0.0",
        summary: "Returns a part of a string; the old name of GETRANGE.",
        complexity: "O(N), N being the length of the part",
        handler: Handler::Data(read::getrange),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("start"),
            Argument::integer("end"),
        ],
        deprecated: Some(Deprecation {
            since: "2.0.0",
            replaced_by: "`GETRANGE`",
        }),
        ..Command::EMPTY
    },
];
