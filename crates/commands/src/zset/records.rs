//! The sorted set commands' records.

use super::{add, block, combine, pop, random, range, read, remove, scan};
use crate::record::{Command, Deprecation, Group, Handler, KeySpec, category, flag, key_flag};
use crate::syntax::Argument;

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "bzmpop",
        arity: -5,
        flags: flag::WRITE | flag::BLOCKING | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[KeySpec::counted(
            2,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::SortedSet,
        since: "7.0.0",
        summary: "Pops members from the first of several sorted sets that has any; waits if there is none.",
        complexity: "O(K)+O(M*log(N)), K being the number of keys, N the set's size and M the number of members popped",
        handler: Handler::Data(block::bzmpop),
        arguments: &[
            Argument::double("timeout"),
            Argument::integer("numkeys"),
            Argument::key("key", 0).repeated(),
            Argument::one_of(
                "where",
                &[Argument::word("min", "MIN"), Argument::word("max", "MAX")],
            ),
            Argument::integer("count").after("COUNT").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "bzpopmax",
        arity: -3,
        flags: flag::WRITE | flag::NOSCRIPT | flag::BLOCKING | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::range(
            1,
            -2,
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::SortedSet,
        since: "5.0.0",
        summary: "Pops the member with the highest score from one of several sorted sets; waits if there is none.",
        complexity: "O(log(N)), N being the set's size",
        handler: Handler::Data(block::bzpopmax),
        arguments: &[
            Argument::key("key", 0).repeated(),
            Argument::double("timeout"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "bzpopmin",
        arity: -3,
        flags: flag::WRITE | flag::NOSCRIPT | flag::BLOCKING | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::range(
            1,
            -2,
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::SortedSet,
        since: "5.0.0",
        summary: "Pops the member with the lowest score from one of several sorted sets; waits if there is none.",
        complexity: "O(log(N)), N being the set's size",
        handler: Handler::Data(block::bzpopmin),
        arguments: &[
            Argument::key("key", 0).repeated(),
            Argument::double("timeout"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zadd",
        arity: -4,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Adds members or changes their scores, with conditions if asked.",
        complexity: "O(log(N)) for each member, N being the set's size",
        handler: Handler::Data(add::zadd),
        arguments: &[
            Argument::key("key", 0),
            Argument::one_of(
                "condition",
                &[Argument::word("nx", "NX"), Argument::word("xx", "XX")],
            )
            .since("3.0.2")
            .optional(),
            Argument::one_of(
                "comparison",
                &[Argument::word("gt", "GT"), Argument::word("lt", "LT")],
            )
            .since("6.2.0")
            .optional(),
            Argument::word("change", "CH").since("3.0.2").optional(),
            Argument::word("increment", "INCR")
                .since("3.0.2")
                .optional(),
            Argument::block(
                "score_member",
                &[Argument::double("score"), Argument::string("member")],
            )
            .repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zcard",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO)],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns the number of members.",
        complexity: "O(1)",
        handler: Handler::Data(read::zcard),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "zcount",
        arity: 4,
        flags: flag::READONLY | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Counts the members in a range of scores.",
        complexity: "O(log(N)), N being the set's size",
        handler: Handler::Data(read::zcount),
        arguments: &[
            Argument::key("key", 0),
            Argument::double("min"),
            Argument::double("max"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zdiff",
        arity: -3,
        flags: flag::READONLY | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[KeySpec::counted(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns the members of the first sorted set that are in none of the others.",
        complexity: "O(N*K)+O(M*log(M)), N being the first set's size, K the number of sets and M the size of the result",
        handler: Handler::Data(combine::zdiff),
        arguments: &[
            Argument::integer("numkeys"),
            Argument::key("key", 0).repeated(),
            Argument::word("withscores", "WITHSCORES").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zdiffstore",
        arity: -4,
        flags: flag::WRITE | flag::DENYOOM | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[
            KeySpec::one(1, key_flag::OW | key_flag::UPDATE),
            KeySpec::counted(2, key_flag::RO | key_flag::ACCESS),
        ],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Stores the members of the first sorted set that are in none of the others.",
        complexity: "O(N*K)+O(M*log(M)), N being the first set's size, K the number of sets and M the size of the result",
        handler: Handler::Data(combine::zdiffstore),
        arguments: &[
            Argument::key("destination", 0),
            Argument::integer("numkeys"),
            Argument::key("key", 1).repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zincrby",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Adds a number to a member's score; a missing member counts as 0.",
        complexity: "O(log(N)), N being the set's size",
        handler: Handler::Data(add::zincrby),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("increment"),
            Argument::string("member"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zinter",
        arity: -3,
        flags: flag::READONLY | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[KeySpec::counted(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns the intersection of sorted sets.",
        complexity: "O(N*K)+O(M*log(M)), N being the smallest set's size, K the number of sets and M the size of the result",
        handler: Handler::Data(combine::zinter),
        arguments: &[
            Argument::integer("numkeys"),
            Argument::key("key", 0).repeated(),
            Argument::integer("weight")
                .after("WEIGHTS")
                .optional()
                .repeated(),
            Argument::one_of(
                "aggregate",
                &[
                    Argument::word("sum", "SUM"),
                    Argument::word("min", "MIN"),
                    Argument::word("max", "MAX"),
                ],
            )
            .after("AGGREGATE")
            .optional(),
            Argument::word("withscores", "WITHSCORES").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zintercard",
        arity: -3,
        flags: flag::READONLY | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[KeySpec::counted(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "7.0.0",
        summary: "Counts the members that sorted sets have in common.",
        complexity: "O(N*K), N being the smallest set's size and K the number of sets",
        handler: Handler::Data(combine::zintercard),
        arguments: &[
            Argument::integer("numkeys"),
            Argument::key("key", 0).repeated(),
            Argument::integer("limit").after("LIMIT").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zinterstore",
        arity: -4,
        flags: flag::WRITE | flag::DENYOOM | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[
            KeySpec::one(1, key_flag::OW | key_flag::UPDATE),
            KeySpec::counted(2, key_flag::RO | key_flag::ACCESS),
        ],
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Stores the intersection of sorted sets.",
        complexity: "O(N*K)+O(M*log(M)), N being the smallest set's size, K the number of sets and M the size of the result",
        handler: Handler::Data(combine::zinterstore),
        arguments: &[
            Argument::key("destination", 0),
            Argument::integer("numkeys"),
            Argument::key("key", 1).repeated(),
            Argument::integer("weight")
                .after("WEIGHTS")
                .optional()
                .repeated(),
            Argument::one_of(
                "aggregate",
                &[
                    Argument::word("sum", "SUM"),
                    Argument::word("min", "MIN"),
                    Argument::word("max", "MAX"),
                ],
            )
            .after("AGGREGATE")
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zlexcount",
        arity: 4,
        flags: flag::READONLY | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "2.8.9",
        summary: "Counts the members in a range of members of the same score.",
        complexity: "O(log(N)), N being the set's size",
        handler: Handler::Data(read::zlexcount),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("min"),
            Argument::string("max"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zmpop",
        arity: -4,
        flags: flag::WRITE | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[KeySpec::counted(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::SortedSet,
        since: "7.0.0",
        summary: "Pops members from the first of several sorted sets that has any.",
        complexity: "O(K)+O(M*log(N)), K being the number of keys, N the set's size and M the number of members popped",
        handler: Handler::Data(pop::zmpop),
        arguments: &[
            Argument::integer("numkeys"),
            Argument::key("key", 0).repeated(),
            Argument::one_of(
                "where",
                &[Argument::word("min", "MIN"), Argument::word("max", "MAX")],
            ),
            Argument::integer("count").after("COUNT").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zmscore",
        arity: -3,
        flags: flag::READONLY | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns the scores of members.",
        complexity: "O(N), N being the number of members asked for",
        handler: Handler::Data(read::zmscore),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("member").repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zpopmax",
        arity: -2,
        flags: flag::WRITE | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::SortedSet,
        since: "5.0.0",
        summary: "Removes the members with the highest scores and returns them.",
        complexity: "O(log(N)*M), N being the set's size and M the number of members popped",
        handler: Handler::Data(pop::zpopmax),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("count").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zpopmin",
        arity: -2,
        flags: flag::WRITE | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::SortedSet,
        since: "5.0.0",
        summary: "Removes the members with the lowest scores and returns them.",
        complexity: "O(log(N)*M), N being the set's size and M the number of members popped",
        handler: Handler::Data(pop::zpopmin),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("count").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zrandmember",
        arity: -2,
        flags: flag::READONLY,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output"],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns members chosen at random.",
        complexity: "O(N), N being the number of members asked for",
        handler: Handler::Data(random::zrandmember),
        arguments: &[
            Argument::key("key", 0),
            Argument::block(
                "options",
                &[
                    Argument::integer("count"),
                    Argument::word("withscores", "WITHSCORES").optional(),
                ],
            )
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zrange",
        arity: -4,
        flags: flag::READONLY,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns a range of members: by rank, by score or by member.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members returned",
        handler: Handler::Data(range::zrange),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("start"),
            Argument::string("stop"),
            Argument::one_of(
                "sortby",
                &[
                    Argument::word("byscore", "BYSCORE"),
                    Argument::word("bylex", "BYLEX"),
                ],
            )
            .since("6.2.0")
            .optional(),
            Argument::word("rev", "REV").since("6.2.0").optional(),
            Argument::block(
                "offset_count",
                &[Argument::integer("offset"), Argument::integer("count")],
            )
            .after("LIMIT")
            .since("6.2.0")
            .optional(),
            Argument::word("withscores", "WITHSCORES").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zrangebylex",
        arity: -4,
        flags: flag::READONLY,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "2.8.9",
        summary: "Returns a range of members of the same score.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members returned",
        handler: Handler::Data(range::zrangebylex),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("min"),
            Argument::string("max"),
            Argument::block(
                "offset_count",
                &[Argument::integer("offset"), Argument::integer("count")],
            )
            .after("LIMIT")
            .optional(),
        ],
        deprecated: Some(Deprecation {
            since: "6.2.0",
            replaced_by: "`ZRANGE` with the `BYLEX` argument",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "zrangebyscore",
        arity: -4,
        flags: flag::READONLY,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "1.0.5",
        summary: "Returns the members in a range of scores.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members returned",
        handler: Handler::Data(range::zrangebyscore),
        arguments: &[
            Argument::key("key", 0),
            Argument::double("min"),
            Argument::double("max"),
            Argument::word("withscores", "WITHSCORES")
                .since("2.0.0")
                .optional(),
            Argument::block(
                "offset_count",
                &[Argument::integer("offset"), Argument::integer("count")],
            )
            .after("LIMIT")
            .optional(),
        ],
        deprecated: Some(Deprecation {
            since: "6.2.0",
            replaced_by: "`ZRANGE` with the `BYSCORE` argument",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "zrangestore",
        arity: -5,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::SORTED_SET,
        keys: &[
            KeySpec::one(1, key_flag::OW | key_flag::UPDATE),
            KeySpec::one(2, key_flag::RO | key_flag::ACCESS),
        ],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Stores a range of members in another key.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members stored",
        handler: Handler::Data(range::zrangestore),
        arguments: &[
            Argument::key("dst", 0),
            Argument::key("src", 1),
            Argument::string("min"),
            Argument::string("max"),
            Argument::one_of(
                "sortby",
                &[
                    Argument::word("byscore", "BYSCORE"),
                    Argument::word("bylex", "BYLEX"),
                ],
            )
            .optional(),
            Argument::word("rev", "REV").optional(),
            Argument::block(
                "offset_count",
                &[Argument::integer("offset"), Argument::integer("count")],
            )
            .after("LIMIT")
            .optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zrank",
        arity: 3,
        flags: flag::READONLY | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Returns a member's rank, counted from the lowest score.",
        complexity: "O(log(N)), N being the set's size",
        handler: Handler::Data(read::zrank),
        arguments: &[Argument::key("key", 0), Argument::string("member")],
        ..Command::EMPTY
    },
    Command {
        name: "zrem",
        arity: -3,
        flags: flag::WRITE | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::DELETE)],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Removes members.",
        complexity: "O(M*log(N)), M being the number of members given and N the set's size",
        handler: Handler::Data(remove::zrem),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("member").repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zremrangebylex",
        arity: 4,
        flags: flag::WRITE,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::DELETE)],
        group: Group::SortedSet,
        since: "2.8.9",
        summary: "Removes a range of members of the same score.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members removed",
        handler: Handler::Data(remove::zremrangebylex),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("min"),
            Argument::string("max"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zremrangebyrank",
        arity: 4,
        flags: flag::WRITE,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::DELETE)],
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Removes a range of ranks.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members removed",
        handler: Handler::Data(remove::zremrangebyrank),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("start"),
            Argument::integer("stop"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zremrangebyscore",
        arity: 4,
        flags: flag::WRITE,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::DELETE)],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Removes the members in a range of scores.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members removed",
        handler: Handler::Data(remove::zremrangebyscore),
        arguments: &[
            Argument::key("key", 0),
            Argument::double("min"),
            Argument::double("max"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zrevrange",
        arity: -4,
        flags: flag::READONLY,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns a range of ranks, from the highest score down.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members returned",
        handler: Handler::Data(range::zrevrange),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("start"),
            Argument::integer("stop"),
            Argument::word("withscores", "WITHSCORES").optional(),
        ],
        deprecated: Some(Deprecation {
            since: "6.2.0",
            replaced_by: "`ZRANGE` with the `REV` argument",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "zrevrangebylex",
        arity: -4,
        flags: flag::READONLY,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "2.8.9",
        summary: "Returns a range of members of the same score, from the last to the first.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members returned",
        handler: Handler::Data(range::zrevrangebylex),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("max"),
            Argument::string("min"),
            Argument::block(
                "offset_count",
                &[Argument::integer("offset"), Argument::integer("count")],
            )
            .after("LIMIT")
            .optional(),
        ],
        deprecated: Some(Deprecation {
            since: "6.2.0",
            replaced_by: "`ZRANGE` with the `REV` and `BYLEX` arguments",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "zrevrangebyscore",
        arity: -4,
        flags: flag::READONLY,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "2.2.0",
        summary: "Returns the members in a range of scores, from the highest down.",
        complexity: "O(log(N)+M), N being the set's size and M the number of members returned",
        handler: Handler::Data(range::zrevrangebyscore),
        arguments: &[
            Argument::key("key", 0),
            Argument::double("max"),
            Argument::double("min"),
            Argument::word("withscores", "WITHSCORES").optional(),
            Argument::block(
                "offset_count",
                &[Argument::integer("offset"), Argument::integer("count")],
            )
            .after("LIMIT")
            .optional(),
        ],
        deprecated: Some(Deprecation {
            since: "6.2.0",
            replaced_by: "`ZRANGE` with the `REV` and `BYSCORE` arguments",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "zrevrank",
        arity: 3,
        flags: flag::READONLY | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Returns a member's rank, counted from the highest score.",
        complexity: "O(log(N)), N being the set's size",
        handler: Handler::Data(read::zrevrank),
        arguments: &[Argument::key("key", 0), Argument::string("member")],
        ..Command::EMPTY
    },
    Command {
        name: "zscan",
        arity: -3,
        flags: flag::READONLY,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        tips: &["nondeterministic_output"],
        group: Group::SortedSet,
        since: "2.8.0",
        summary: "Goes through members and scores step by step.",
        complexity: "O(1) a step, O(N) for all N members",
        handler: Handler::Data(scan::zscan),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("cursor"),
            Argument::pattern("pattern").after("MATCH").optional(),
            Argument::integer("count").after("COUNT").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zscore",
        arity: 3,
        flags: flag::READONLY | flag::FAST,
        categories: category::SORTED_SET,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns a member's score.",
        complexity: "O(1)",
        handler: Handler::Data(read::zscore),
        arguments: &[Argument::key("key", 0), Argument::string("member")],
        ..Command::EMPTY
    },
    Command {
        name: "zunion",
        arity: -3,
        flags: flag::READONLY | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[KeySpec::counted(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns the union of sorted sets.",
        complexity: "O(N)+O(M*log(M)), N being the sum of the sets' sizes and M the size of the result",
        handler: Handler::Data(combine::zunion),
        arguments: &[
            Argument::integer("numkeys"),
            Argument::key("key", 0).repeated(),
            Argument::integer("weight")
                .after("WEIGHTS")
                .optional()
                .repeated(),
            Argument::one_of(
                "aggregate",
                &[
                    Argument::word("sum", "SUM"),
                    Argument::word("min", "MIN"),
                    Argument::word("max", "MAX"),
                ],
            )
            .after("AGGREGATE")
            .optional(),
            Argument::word("withscores", "WITHSCORES").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "zunionstore",
        arity: -4,
        flags: flag::WRITE | flag::DENYOOM | flag::MOVABLE_KEYS,
        categories: category::SORTED_SET,
        keys: &[
            KeySpec::one(1, key_flag::OW | key_flag::UPDATE),
            KeySpec::counted(2, key_flag::RO | key_flag::ACCESS),
        ],
        group: Group::SortedSet,
        since: "2.0.0",
        summary: "Stores the union of sorted sets.",
        complexity: "O(N)+O(M*log(M)), N being the sum of the sets' sizes and M the size of the result",
        handler: Handler::Data(combine::zunionstore),
        arguments: &[
            Argument::key("destination", 0),
            Argument::integer("numkeys"),
            Argument::key("key", 1).repeated(),
            Argument::integer("weight")
                .after("WEIGHTS")
                .optional()
                .repeated(),
            Argument::one_of(
                "aggregate",
                &[
                    Argument::word("sum", "SUM"),
                    Argument::word("min", "MIN"),
                    Argument::word("max", "MAX"),
                ],
            )
            .after("AGGREGATE")
            .optional(),
        ],
        ..Command::EMPTY
    },
];
