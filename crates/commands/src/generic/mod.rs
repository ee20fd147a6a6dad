//! Keys of any type: their names, their expiry, their databases.

mod database;
mod delete;
mod expire;
mod object;
mod relocate;
mod scan;
mod sort;

#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::error::CommandError;
use crate::record::{Command, Group, Handler, KeySpec, Locks, category, flag, key_flag};
use crate::syntax::Argument;
use crate::{argument, help};

/// The database an argument names.
///
/// # Errors
/// [`CommandError::NotInteger`], or the text for a database that does not exist.
fn database_index(context: &Context<'_, '_>, argument: &[u8]) -> Result<usize, CommandError> {
    let number = argument::integer_of_32_bits(argument)?;
    database_number(context, number.into())
}

fn database_number(context: &Context<'_, '_>, number: i64) -> Result<usize, CommandError> {
    usize::try_from(number)
        .ok()
        .filter(|&database| database < context.keys.keyspace().database_count())
        .ok_or(CommandError::text("ERR DB index is out of range"))
}

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "copy",
        arity: -3,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::KEYSPACE,
        keys: &[
            KeySpec::one(1, key_flag::RO | key_flag::ACCESS),
            KeySpec::one(2, key_flag::OW | key_flag::UPDATE),
        ],
        group: Group::Generic,
        since: "6.2.0",
        summary: "Copies a key with its value and expiry.",
        complexity: "O(N) for a collection, N being its elements; O(1) for a string",
        handler: Handler::Data(relocate::copy),
        arguments: &[
            Argument::key("source", 0),
            Argument::key("destination", 1),
            Argument::integer("destination-db").after("DB").optional(),
            Argument::word("replace", "REPLACE").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "dbsize",
        arity: 1,
        flags: flag::READONLY | flag::FAST,
        categories: category::KEYSPACE,
        locks: Locks::All,
        tips: &["request_policy:all_shards", "response_policy:agg_sum"],
        group: Group::Server,
        since: "1.0.0",
        summary: "Returns the number of keys in the database.",
        complexity: "O(1)",
        handler: Handler::Data(scan::dbsize),
        ..Command::EMPTY
    },
    Command {
        name: "del",
        arity: -2,
        flags: flag::WRITE,
        categories: category::KEYSPACE,
        keys: &[KeySpec::range(1, -1, 1, key_flag::RM | key_flag::DELETE)],
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Deletes keys.",
        complexity: "O(N), N being the number of keys, and their elements",
        handler: Handler::Data(delete::del),
        arguments: &[Argument::key("key", 0).repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "exists",
        arity: -2,
        flags: flag::READONLY | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::range(1, -1, 1, key_flag::RO)],
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Counts how many of the keys are there.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(delete::exists),
        arguments: &[Argument::key("key", 0).repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "expire",
        arity: -3,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Sets in how many seconds a key expires.",
        complexity: "O(1)",
        handler: Handler::Data(expire::expire),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("seconds"),
            Argument::one_of(
                "condition",
                &[
                    Argument::word("nx", "NX"),
                    Argument::word("xx", "XX"),
                    Argument::word("gt", "GT"),
                    Argument::word("lt", "LT"),
                ],
            )
            .since("7.0.0")
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "expireat",
        arity: -3,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::Generic,
        since: "1.2.0",
        summary: "Sets at which Unix time, in seconds, a key expires.",
        complexity: "O(1)",
        handler: Handler::Data(expire::expireat),
        arguments: &[
            Argument::key("key", 0),
            Argument::unix_time("unix-time-seconds"),
            Argument::one_of(
                "condition",
                &[
                    Argument::word("nx", "NX"),
                    Argument::word("xx", "XX"),
                    Argument::word("gt", "GT"),
                    Argument::word("lt", "LT"),
                ],
            )
            .since("7.0.0")
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "expiretime",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::Generic,
        since: "7.0.0",
        summary: "Returns the Unix time, in seconds, at which a key expires.",
        complexity: "O(1)",
        handler: Handler::Data(expire::expiretime),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "flushall",
        arity: -1,
        flags: flag::WRITE,
        categories: category::KEYSPACE | category::DANGEROUS,
        locks: Locks::All,
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        group: Group::Server,
        since: "1.0.0",
        summary: "Deletes every key of every database.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(database::flushall),
        arguments: &[Argument::one_of(
            "async",
            &[
                Argument::word("async", "ASYNC").since("4.0.0"),
                Argument::word("sync", "SYNC").since("6.2.0"),
            ],
        )
        .optional()],
        ..Command::EMPTY
    },
    Command {
        name: "flushdb",
        arity: -1,
        flags: flag::WRITE,
        categories: category::KEYSPACE | category::DANGEROUS,
        locks: Locks::All,
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        group: Group::Server,
        since: "1.0.0",
        summary: "Deletes every key of the database.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(database::flushdb),
        arguments: &[Argument::one_of(
            "async",
            &[
                Argument::word("async", "ASYNC").since("4.0.0"),
                Argument::word("sync", "SYNC").since("6.2.0"),
            ],
        )
        .optional()],
        ..Command::EMPTY
    },
    Command {
        name: "keys",
        arity: 2,
        flags: flag::READONLY,
        categories: category::KEYSPACE | category::DANGEROUS,
        locks: Locks::All,
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Returns every key that matches a pattern.",
        complexity: "O(N), N being the number of keys in the database",
        handler: Handler::Data(scan::keys),
        arguments: &[Argument::pattern("pattern")],
        ..Command::EMPTY
    },
    Command {
        name: "move",
        arity: 3,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Moves a key to another database.",
        complexity: "O(1)",
        handler: Handler::Data(relocate::move_key),
        arguments: &[Argument::key("key", 0), Argument::integer("db")],
        ..Command::EMPTY
    },
    Command {
        name: "object",
        arity: -2,
        group: Group::Generic,
        since: "2.2.3",
        summary: "Looks at how a value is kept.",
        complexity: "Depends on the subcommand",
        subcommands: &[
            Command {
                name: "encoding",
                arity: 3,
                flags: flag::READONLY,
                categories: category::KEYSPACE,
                keys: &[KeySpec::one(2, key_flag::RO)],
                tips: &["nondeterministic_output"],
                group: Group::Generic,
                since: "2.2.3",
                summary: "Returns the name of the form a value is kept in.",
                complexity: "O(1)",
                handler: Handler::Data(object::encoding),
                arguments: &[Argument::key("key", 0)],
                ..Command::EMPTY
            },
            Command {
                name: "freq",
                arity: 3,
                flags: flag::READONLY,
                categories: category::KEYSPACE,
                keys: &[KeySpec::one(2, key_flag::RO)],
                tips: &["nondeterministic_output"],
                group: Group::Generic,
                since: "4.0.0",
                summary: "Returns the logarithmic access counter of a key.",
                complexity: "O(1)",
                handler: Handler::Data(object::freq),
                arguments: &[Argument::key("key", 0)],
                ..Command::EMPTY
            },
            Command {
                name: "help",
                arity: 2,
                flags: flag::LOADING | flag::STALE,
                categories: category::KEYSPACE,
                locks: Locks::None,
                group: Group::Generic,
                since: "6.2.0",
                summary: "Explains the subcommands.",
                complexity: "O(N), N being the number of subcommands",
                handler: Handler::Data(help::answer),
                ..Command::EMPTY
            },
            Command {
                name: "idletime",
                arity: 3,
                flags: flag::READONLY,
                categories: category::KEYSPACE,
                keys: &[KeySpec::one(2, key_flag::RO)],
                tips: &["nondeterministic_output"],
                group: Group::Generic,
                since: "2.2.3",
                summary: "Returns the seconds since a key was last accessed.",
                complexity: "O(1)",
                handler: Handler::Data(object::idletime),
                arguments: &[Argument::key("key", 0)],
                ..Command::EMPTY
            },
            Command {
                name: "refcount",
                arity: 3,
                flags: flag::READONLY,
                categories: category::KEYSPACE,
                keys: &[KeySpec::one(2, key_flag::RO)],
                tips: &["nondeterministic_output"],
                group: Group::Generic,
                since: "2.2.3",
                summary: "Returns the number of references to a value.",
                complexity: "O(1)",
                handler: Handler::Data(object::refcount),
                arguments: &[Argument::key("key", 0)],
                ..Command::EMPTY
            },
        ],
        handler: Handler::Container,
        ..Command::EMPTY
    },
    Command {
        name: "persist",
        arity: 2,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::Generic,
        since: "2.2.0",
        summary: "Takes the expiry off a key.",
        complexity: "O(1)",
        handler: Handler::Data(expire::persist),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "pexpire",
        arity: -3,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::Generic,
        since: "2.6.0",
        summary: "Sets in how many milliseconds a key expires.",
        complexity: "O(1)",
        handler: Handler::Data(expire::pexpire),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("milliseconds"),
            Argument::one_of(
                "condition",
                &[
                    Argument::word("nx", "NX"),
                    Argument::word("xx", "XX"),
                    Argument::word("gt", "GT"),
                    Argument::word("lt", "LT"),
                ],
            )
            .since("7.0.0")
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "pexpireat",
        arity: -3,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::Generic,
        since: "2.6.0",
        summary: "Sets at which Unix time, in milliseconds, a key expires.",
        complexity: "O(1)",
        handler: Handler::Data(expire::pexpireat),
        arguments: &[
            Argument::key("key", 0),
            Argument::unix_time("unix-time-milliseconds"),
            Argument::one_of(
                "condition",
                &[
                    Argument::word("nx", "NX"),
                    Argument::word("xx", "XX"),
                    Argument::word("gt", "GT"),
                    Argument::word("lt", "LT"),
                ],
            )
            .since("7.0.0")
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "pexpiretime",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::Generic,
        since: "7.0.0",
        summary: "Returns the Unix time, in milliseconds, at which a key expires.",
        complexity: "O(1)",
        handler: Handler::Data(expire::pexpiretime),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "pttl",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output"],
        group: Group::Generic,
        since: "2.6.0",
        summary: "Returns the milliseconds a key has left.",
        complexity: "O(1)",
        handler: Handler::Data(expire::pttl),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "randomkey",
        arity: 1,
        flags: flag::READONLY,
        categories: category::KEYSPACE,
        locks: Locks::All,
        tips: &["request_policy:all_shards", "nondeterministic_output"],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Returns one of the keys, at random.",
        complexity: "O(1)",
        handler: Handler::Data(scan::randomkey),
        ..Command::EMPTY
    },
    Command {
        name: "rename",
        arity: 3,
        flags: flag::WRITE,
        categories: category::KEYSPACE,
        keys: &[
            KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
            KeySpec::one(2, key_flag::OW | key_flag::UPDATE),
        ],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Gives a key another name, whatever had that name.",
        complexity: "O(1), and the elements of what is overwritten",
        handler: Handler::Data(relocate::rename),
        arguments: &[Argument::key("key", 0), Argument::key("newkey", 1)],
        ..Command::EMPTY
    },
    Command {
        name: "renamenx",
        arity: 3,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[
            KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
            KeySpec::one(2, key_flag::OW | key_flag::INSERT),
        ],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Gives a key another name if no key has it.",
        complexity: "O(1)",
        handler: Handler::Data(relocate::renamenx),
        arguments: &[Argument::key("key", 0), Argument::key("newkey", 1)],
        ..Command::EMPTY
    },
    Command {
        name: "scan",
        arity: -2,
        flags: flag::READONLY,
        categories: category::KEYSPACE,
        locks: Locks::All,
        tips: &["nondeterministic_output", "request_policy:special"],
        group: Group::Generic,
        since: "2.8.0",
        summary: "Goes through the keys step by step.",
        complexity: "O(1) a step, O(N) for all N keys",
        handler: Handler::Data(scan::scan),
        arguments: &[
            Argument::integer("cursor"),
            Argument::pattern("pattern").after("MATCH").optional(),
            Argument::integer("count").after("COUNT").optional(),
            Argument::string("type")
                .after("TYPE")
                .since("6.0.0")
                .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "sort",
        arity: -2,
        flags: flag::WRITE | flag::DENYOOM | flag::MOVABLE_KEYS,
        categories: category::SET | category::SORTED_SET | category::LIST | category::DANGEROUS,
        keys: &[
            KeySpec::one(1, key_flag::RO | key_flag::ACCESS),
            KeySpec::unknown(key_flag::RO | key_flag::ACCESS),
            KeySpec::unknown(key_flag::OW | key_flag::UPDATE),
        ],
        locks: Locks::All,
        group: Group::Generic,
        since: "1.0.0",
        summary: "Sorts the elements of a list, set or sorted set.",
        complexity: "O(N+M*log(M)), N being the elements and M those returned; O(N) if nothing is sorted",
        key_finder: Some(sort::find_keys),
        handler: Handler::Data(sort::sort),
        arguments: &[
            Argument::key("key", 0),
            Argument::key_pattern("pattern", 1).after("BY").optional(),
            Argument::block(
                "offset_count",
                &[Argument::integer("offset"), Argument::integer("count")],
            )
            .after("LIMIT")
            .optional(),
            Argument::key_pattern("pattern", 1)
                .after("GET")
                .optional()
                .repeated_with_token(),
            Argument::one_of(
                "order",
                &[Argument::word("asc", "ASC"), Argument::word("desc", "DESC")],
            )
            .optional(),
            Argument::word("sorting", "ALPHA").optional(),
            Argument::key("destination", 2).after("STORE").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "sort_ro",
        arity: -2,
        flags: flag::READONLY | flag::MOVABLE_KEYS,
        categories: category::SET | category::SORTED_SET | category::LIST | category::DANGEROUS,
        keys: &[
            KeySpec::one(1, key_flag::RO | key_flag::ACCESS),
            KeySpec::unknown(key_flag::RO | key_flag::ACCESS),
        ],
        locks: Locks::All,
        group: Group::Generic,
        since: "7.0.0",
        summary: "Sorts the elements of a list, set or sorted set, and stores nothing.",
        complexity: "O(N+M*log(M)), N being the elements and M those returned; O(N) if nothing is sorted",
        key_finder: Some(sort::find_keys),
        handler: Handler::Data(sort::sort_ro),
        arguments: &[
            Argument::key("key", 0),
            Argument::key_pattern("pattern", 1).after("BY").optional(),
            Argument::block(
                "offset_count",
                &[Argument::integer("offset"), Argument::integer("count")],
            )
            .after("LIMIT")
            .optional(),
            Argument::key_pattern("pattern", 1)
                .after("GET")
                .optional()
                .repeated_with_token(),
            Argument::one_of(
                "order",
                &[Argument::word("asc", "ASC"), Argument::word("desc", "DESC")],
            )
            .optional(),
            Argument::word("sorting", "ALPHA").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "swapdb",
        arity: 3,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE | category::DANGEROUS,
        locks: Locks::All,
        group: Group::Server,
        since: "4.0.0",
        summary: "Exchanges two databases.",
        complexity: "O(N), N being the clients that watch or wait for their keys",
        handler: Handler::Data(database::swapdb),
        arguments: &[Argument::integer("index1"), Argument::integer("index2")],
        ..Command::EMPTY
    },
    Command {
        name: "touch",
        arity: -2,
        flags: flag::READONLY | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::range(1, -1, 1, key_flag::RO)],
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        group: Group::Generic,
        since: "3.2.1",
        summary: "Counts an access to each of the keys, and how many are there.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(delete::touch),
        arguments: &[Argument::key("key", 0).repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "ttl",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output"],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Returns the seconds a key has left.",
        complexity: "O(1)",
        handler: Handler::Data(expire::ttl),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "type",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::one(1, key_flag::RO)],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Returns the type of the value a key holds.",
        complexity: "O(1)",
        handler: Handler::Data(delete::type_of),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "unlink",
        arity: -2,
        flags: flag::WRITE | flag::FAST,
        categories: category::KEYSPACE,
        keys: &[KeySpec::range(1, -1, 1, key_flag::RM | key_flag::DELETE)],
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        group: Group::Generic,
        since: "4.0.0",
        summary: "Deletes keys, and frees big values in the background.",
        complexity: "O(1) for each key",
        handler: Handler::Data(delete::unlink),
        arguments: &[Argument::key("key", 0).repeated()],
        ..Command::EMPTY
    },
];
