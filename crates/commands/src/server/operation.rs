//! Running a server: settings, statistics, diagnosis.

use crate::help;
use crate::record::{Command, Group, Handler, KeySpec, category, flag, key_flag};
use crate::syntax::Argument;

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "config",
        arity: -2,
        group: Group::Server,
        since: "2.0.0",
        summary: "Deals with settings.",
        complexity: "Depends on the subcommand",
        subcommands: &[
            Command {
                name: "get",
                arity: -3,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                group: Group::Server,
                since: "2.0.0",
                summary: "Returns the settings whose names match patterns.",
                complexity: "O(N), N being the number of patterns",
                arguments: &[
                    Argument::block("parameter", &[Argument::string("parameter")]).repeated(),
                ],
                ..Command::EMPTY
            },
            Command {
                name: "help",
                handler: Handler::Data(help::answer),
                arity: 2,
                flags: flag::LOADING | flag::STALE,
                group: Group::Server,
                since: "5.0.0",
                summary: "Explains the subcommands.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "resetstat",
                arity: 2,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                group: Group::Server,
                since: "2.0.0",
                summary: "Sets the statistics of INFO to zero.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "rewrite",
                arity: 2,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                group: Group::Server,
                since: "2.8.0",
                summary: "Writes the settings back into the configuration file.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "set",
                arity: -4,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
                group: Group::Server,
                since: "2.0.0",
                summary: "Changes settings, all of them or none.",
                complexity: "O(N), N being the number of settings",
                arguments: &[Argument::block(
                    "parameter_value",
                    &[Argument::string("parameter"), Argument::string("value")],
                )
                .repeated()],
                ..Command::EMPTY
            },
        ],
        handler: Handler::Container,
        ..Command::EMPTY
    },
    Command {
        name: "debug",
        arity: -2,
        flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
        group: Group::Server,
        since: "1.0.0",
        summary: "Commands for the tests of the server.",
        complexity: "Depends on the subcommand",
        internal: true,
        ..Command::EMPTY
    },
    Command {
        name: "info",
        arity: -1,
        flags: flag::LOADING | flag::STALE,
        categories: category::DANGEROUS,
        tips: &[
            "nondeterministic_output",
            "request_policy:all_shards",
            "response_policy:special",
        ],
        group: Group::Server,
        since: "1.0.0",
        summary: "Returns facts and statistics of the server.",
        complexity: "O(1)",
        arguments: &[Argument::string("section").optional().repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "lolwut",
        arity: -1,
        flags: flag::READONLY | flag::FAST,
        group: Group::Server,
        since: "5.0.0",
        summary: "Draws a picture and tells the version.",
        complexity: "",
        arguments: &[Argument::integer("version").after("VERSION").optional()],
        ..Command::EMPTY
    },
    Command {
        name: "memory",
        arity: -2,
        group: Group::Server,
        since: "4.0.0",
        summary: "Looks at memory.",
        complexity: "Depends on the subcommand",
        subcommands: &[
            Command {
                name: "doctor",
                arity: 2,
                tips: &[
                    "nondeterministic_output",
                    "request_policy:all_shards",
                    "response_policy:special",
                ],
                group: Group::Server,
                since: "4.0.0",
                summary: "Tells of memory problems.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "help",
                handler: Handler::Data(help::answer),
                arity: 2,
                flags: flag::LOADING | flag::STALE,
                group: Group::Server,
                since: "4.0.0",
                summary: "Explains the subcommands.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "malloc-stats",
                arity: 2,
                tips: &[
                    "nondeterministic_output",
                    "request_policy:all_shards",
                    "response_policy:special",
                ],
                group: Group::Server,
                since: "4.0.0",
                summary: "Shows what the allocator knows.",
                complexity: "Depends on how much memory is allocated",
                ..Command::EMPTY
            },
            Command {
                name: "purge",
                arity: 2,
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                group: Group::Server,
                since: "4.0.0",
                summary: "Gives memory back that is kept for later.",
                complexity: "Depends on how much memory is allocated",
                ..Command::EMPTY
            },
            Command {
                name: "stats",
                arity: 2,
                tips: &[
                    "nondeterministic_output",
                    "request_policy:all_shards",
                    "response_policy:special",
                ],
                group: Group::Server,
                since: "4.0.0",
                summary: "Tells where the memory goes.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "usage",
                arity: -3,
                flags: flag::READONLY,
                keys: &[KeySpec::one(2, key_flag::RO)],
                group: Group::Server,
                since: "4.0.0",
                summary: "Returns the bytes a key and its value take.",
                complexity: "O(N) where N is the number of samples.",
                arguments: &[
                    Argument::key("key", 0),
                    Argument::integer("count").after("SAMPLES").optional(),
                ],
                ..Command::EMPTY
            },
        ],
        handler: Handler::Container,
        ..Command::EMPTY
    },
    Command {
        name: "monitor",
        arity: 1,
        flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
        group: Group::Server,
        since: "1.0.0",
        summary: "Shows every command the server gets, as it comes.",
        complexity: "",
        ..Command::EMPTY
    },
    Command {
        name: "shutdown",
        arity: -1,
        flags: flag::ADMIN
            | flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::NO_MULTI
            | flag::ALLOW_BUSY,
        group: Group::Server,
        since: "1.0.0",
        summary: "Ends the server.",
        complexity: "O(N) if it saves, N being the number of keys, else O(1)",
        arguments: &[
            Argument::one_of(
                "nosave_save",
                &[
                    Argument::word("nosave", "NOSAVE"),
                    Argument::word("save", "SAVE"),
                ],
            )
            .optional(),
            Argument::word("now", "NOW").since("7.0.0").optional(),
            Argument::word("force", "FORCE").since("7.0.0").optional(),
            Argument::word("abort", "ABORT").since("7.0.0").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "slowlog",
        arity: -2,
        group: Group::Server,
        since: "2.2.12",
        summary: "Deals with the log of slow commands.",
        complexity: "Depends on the subcommand",
        subcommands: &[
            Command {
                name: "get",
                arity: -2,
                flags: flag::ADMIN | flag::LOADING | flag::STALE,
                tips: &["request_policy:all_nodes", "nondeterministic_output"],
                group: Group::Server,
                since: "2.2.12",
                summary: "Returns the latest entries of the slow log.",
                complexity: "O(N), N being the entries returned",
                arguments: &[Argument::integer("count").optional()],
                ..Command::EMPTY
            },
            Command {
                name: "help",
                handler: Handler::Data(help::answer),
                arity: 2,
                flags: flag::LOADING | flag::STALE,
                group: Group::Server,
                since: "6.2.0",
                summary: "Explains the subcommands.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "len",
                arity: 2,
                flags: flag::ADMIN | flag::LOADING | flag::STALE,
                tips: &[
                    "request_policy:all_nodes",
                    "response_policy:agg_sum",
                    "nondeterministic_output",
                ],
                group: Group::Server,
                since: "2.2.12",
                summary: "Returns how many entries the slow log has.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "reset",
                arity: 2,
                flags: flag::ADMIN | flag::LOADING | flag::STALE,
                tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
                group: Group::Server,
                since: "2.2.12",
                summary: "Empties the slow log.",
                complexity: "O(N), N being the entries",
                ..Command::EMPTY
            },
        ],
        handler: Handler::Container,
        ..Command::EMPTY
    },
    Command {
        name: "time",
        arity: 1,
        flags: flag::LOADING | flag::STALE | flag::FAST,
        tips: &["nondeterministic_output"],
        group: Group::Server,
        since: "2.6.0",
        summary: "Returns the time of the server.",
        complexity: "O(1)",
        ..Command::EMPTY
    },
    Command {
        name: "wait",
        arity: 3,
        flags: flag::NOSCRIPT,
        categories: category::CONNECTION,
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        group: Group::Generic,
        since: "3.0.0",
        summary: "Waits until replicas have the writes of this connection.",
        complexity: "O(1)",
        arguments: &[
            Argument::integer("numreplicas"),
            Argument::integer("timeout"),
        ],
        ..Command::EMPTY
    },
];
