//! Lua scripts and functions.

use crate::help;
use crate::record::{Command, Group, Handler, KeySpec, Locks, category, flag, key_flag};
use crate::syntax::Argument;

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "eval",
        arity: -3,
        flags: flag::NOSCRIPT
            | flag::STALE
            | flag::SKIP_MONITOR
            | flag::NO_MANDATORY_KEYS
            | flag::MOVABLE_KEYS,
        categories: category::SCRIPTING,
        keys: &[KeySpec::counted(
            2,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        locks: Locks::None,
        group: Group::Scripting,
        since: "2.6.0",
        summary: "Runs a Lua script.",
        complexity: "Depends on the script",
        arguments: &[
            Argument::string("script"),
            Argument::integer("numkeys"),
            Argument::key("key", 0).optional().repeated(),
            Argument::string("arg").optional().repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "eval_ro",
        arity: -3,
        flags: flag::READONLY
            | flag::NOSCRIPT
            | flag::STALE
            | flag::SKIP_MONITOR
            | flag::NO_MANDATORY_KEYS
            | flag::MOVABLE_KEYS,
        categories: category::SCRIPTING,
        keys: &[KeySpec::counted(2, key_flag::RO | key_flag::ACCESS)],
        locks: Locks::None,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Runs a Lua script that does not write.",
        complexity: "Depends on the script",
        arguments: &[
            Argument::string("script"),
            Argument::integer("numkeys"),
            Argument::key("key", 0).optional().repeated(),
            Argument::string("arg").optional().repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "evalsha",
        arity: -3,
        flags: flag::NOSCRIPT
            | flag::STALE
            | flag::SKIP_MONITOR
            | flag::NO_MANDATORY_KEYS
            | flag::MOVABLE_KEYS,
        categories: category::SCRIPTING,
        keys: &[KeySpec::counted(
            2,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        locks: Locks::None,
        group: Group::Scripting,
        since: "2.6.0",
        summary: "Runs the cached Lua script of a SHA1 digest.",
        complexity: "Depends on the script",
        arguments: &[
            Argument::string("sha1"),
            Argument::integer("numkeys"),
            Argument::key("key", 0).optional().repeated(),
            Argument::string("arg").optional().repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "evalsha_ro",
        arity: -3,
        flags: flag::READONLY
            | flag::NOSCRIPT
            | flag::STALE
            | flag::SKIP_MONITOR
            | flag::NO_MANDATORY_KEYS
            | flag::MOVABLE_KEYS,
        categories: category::SCRIPTING,
        keys: &[KeySpec::counted(2, key_flag::RO | key_flag::ACCESS)],
        locks: Locks::None,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Runs the cached Lua script of a SHA1 digest, which does not write.",
        complexity: "Depends on the script",
        arguments: &[
            Argument::string("sha1"),
            Argument::integer("numkeys"),
            Argument::key("key", 0).optional().repeated(),
            Argument::string("arg").optional().repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "fcall",
        arity: -3,
        flags: flag::NOSCRIPT
            | flag::STALE
            | flag::SKIP_MONITOR
            | flag::NO_MANDATORY_KEYS
            | flag::MOVABLE_KEYS,
        categories: category::SCRIPTING,
        keys: &[KeySpec::counted(
            2,
            key_flag::RW | key_flag::ACCESS | key_flag::UPDATE,
        )],
        locks: Locks::None,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Calls a function of a library.",
        complexity: "Depends on the function",
        arguments: &[
            Argument::string("function"),
            Argument::integer("numkeys"),
            Argument::key("key", 0).optional().repeated(),
            Argument::string("arg").optional().repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "fcall_ro",
        arity: -3,
        flags: flag::READONLY
            | flag::NOSCRIPT
            | flag::STALE
            | flag::SKIP_MONITOR
            | flag::NO_MANDATORY_KEYS
            | flag::MOVABLE_KEYS,
        categories: category::SCRIPTING,
        keys: &[KeySpec::counted(2, key_flag::RO | key_flag::ACCESS)],
        locks: Locks::None,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Calls a function of a library that does not write.",
        complexity: "Depends on the function",
        arguments: &[
            Argument::string("function"),
            Argument::integer("numkeys"),
            Argument::key("key", 0).optional().repeated(),
            Argument::string("arg").optional().repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "function",
        arity: -2,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Deals with libraries of functions.",
        complexity: "Depends on the subcommand",
        subcommands: &[
            Command {
                name: "delete",
                arity: 3,
                flags: flag::WRITE | flag::NOSCRIPT,
                categories: category::SCRIPTING,
                locks: Locks::All,
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Removes a library and its functions.",
                complexity: "O(1)",
                arguments: &[Argument::string("library-name")],
                ..Command::EMPTY
            },
            Command {
                name: "dump",
                arity: 2,
                flags: flag::NOSCRIPT,
                categories: category::SCRIPTING,
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Returns all libraries as one string.",
                complexity: "O(N), N being the number of functions",
                ..Command::EMPTY
            },
            Command {
                name: "flush",
                arity: -2,
                flags: flag::WRITE | flag::NOSCRIPT,
                categories: category::SCRIPTING,
                locks: Locks::All,
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Removes all libraries.",
                complexity: "O(N), N being the functions removed",
                arguments: &[Argument::one_of(
                    "async",
                    &[
                        Argument::word("async", "ASYNC"),
                        Argument::word("sync", "SYNC"),
                    ],
                )
                .optional()],
                ..Command::EMPTY
            },
            Command {
                name: "help",
                handler: Handler::Data(help::answer),
                arity: 2,
                flags: flag::LOADING | flag::STALE,
                categories: category::SCRIPTING,
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Explains the subcommands.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "kill",
                arity: 2,
                // The name of the function to end.
                extra_arguments: 1,
                flags: flag::NOSCRIPT | flag::ALLOW_BUSY,
                categories: category::SCRIPTING,
                tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Ends the function that is running.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "list",
                arity: -2,
                flags: flag::NOSCRIPT,
                categories: category::SCRIPTING,
                tips: &["nondeterministic_output_order"],
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Tells which libraries there are, with their functions.",
                complexity: "O(N), N being the number of functions",
                arguments: &[
                    Argument::string("library-name-pattern")
                        .after("LIBRARYNAME")
                        .optional(),
                    Argument::word("withcode", "WITHCODE").optional(),
                ],
                ..Command::EMPTY
            },
            Command {
                name: "load",
                arity: -3,
                flags: flag::WRITE | flag::DENYOOM | flag::NOSCRIPT,
                categories: category::SCRIPTING,
                locks: Locks::All,
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Adds a library.",
                complexity: "O(1), apart from compiling the code",
                arguments: &[
                    Argument::word("replace", "REPLACE").optional(),
                    Argument::string("function-code"),
                ],
                ..Command::EMPTY
            },
            Command {
                name: "restore",
                arity: -3,
                flags: flag::WRITE | flag::DENYOOM | flag::NOSCRIPT,
                categories: category::SCRIPTING,
                locks: Locks::All,
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Adds the libraries of a string that DUMP has returned.",
                complexity: "O(N), N being the functions in the string",
                arguments: &[
                    Argument::string("serialized-value"),
                    Argument::one_of(
                        "policy",
                        &[
                            Argument::word("flush", "FLUSH"),
                            Argument::word("append", "APPEND"),
                            Argument::word("replace", "REPLACE"),
                        ],
                    )
                    .optional(),
                ],
                ..Command::EMPTY
            },
            Command {
                name: "stats",
                arity: 2,
                flags: flag::NOSCRIPT | flag::ALLOW_BUSY,
                categories: category::SCRIPTING,
                tips: &[
                    "nondeterministic_output",
                    "request_policy:all_shards",
                    "response_policy:special",
                ],
                group: Group::Scripting,
                since: "7.0.0",
                summary: "Tells which function is running, and how many libraries and functions there are.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
        ],
        handler: Handler::Container,
        ..Command::EMPTY
    },
    Command {
        name: "script",
        arity: -2,
        group: Group::Scripting,
        since: "2.6.0",
        summary: "Deals with cached scripts.",
        complexity: "Depends on the subcommand",
        subcommands: &[
            Command {
                name: "debug",
                arity: 3,
                flags: flag::NOSCRIPT,
                categories: category::SCRIPTING,
                group: Group::Scripting,
                since: "3.2.0",
                summary: "Has the next script of the connection debugged.",
                complexity: "O(1)",
                arguments: &[Argument::one_of(
                    "mode",
                    &[
                        Argument::word("yes", "YES"),
                        Argument::word("sync", "SYNC"),
                        Argument::word("no", "NO"),
                    ],
                )],
                ..Command::EMPTY
            },
            Command {
                name: "exists",
                arity: -3,
                flags: flag::NOSCRIPT,
                categories: category::SCRIPTING,
                tips: &[
                    "request_policy:all_shards",
                    "response_policy:agg_logical_and",
                ],
                group: Group::Scripting,
                since: "2.6.0",
                summary: "Tells which scripts are cached.",
                complexity: "O(N), N being the digests asked for",
                arguments: &[Argument::string("sha1").repeated()],
                ..Command::EMPTY
            },
            Command {
                name: "flush",
                arity: -2,
                flags: flag::NOSCRIPT,
                categories: category::SCRIPTING,
                tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
                group: Group::Scripting,
                since: "2.6.0",
                summary: "Empties the cache of scripts.",
                complexity: "O(N), N being the scripts in the cache",
                arguments: &[Argument::one_of(
                    "async",
                    &[
                        Argument::word("async", "ASYNC"),
                        Argument::word("sync", "SYNC"),
                    ],
                )
                .since("6.2.0")
                .optional()],
                ..Command::EMPTY
            },
            Command {
                name: "help",
                handler: Handler::Data(help::answer),
                arity: 2,
                flags: flag::LOADING | flag::STALE,
                categories: category::SCRIPTING,
                group: Group::Scripting,
                since: "5.0.0",
                summary: "Explains the subcommands.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "kill",
                arity: 2,
                // The SHA1 of the script to end.
                extra_arguments: 1,
                flags: flag::NOSCRIPT | flag::ALLOW_BUSY,
                categories: category::SCRIPTING,
                tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
                group: Group::Scripting,
                since: "2.6.0",
                summary: "Ends the script that is running.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "list",
                arity: 2,
                // WITHCODE.
                extra_arguments: 1,
                flags: flag::NOSCRIPT,
                categories: category::SCRIPTING,
                tips: &["nondeterministic_output", "request_policy:all_nodes"],
                group: Group::Scripting,
                since: "8.0.0",
                summary: "Lists the cached scripts.",
                complexity: "O(N), N being the scripts in the cache",
                arguments: &[Argument::word("withcode", "WITHCODE").optional()],
                ..Command::EMPTY
            },
            Command {
                name: "load",
                arity: 3,
                flags: flag::NOSCRIPT | flag::STALE,
                categories: category::SCRIPTING,
                tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
                group: Group::Scripting,
                since: "2.6.0",
                summary: "Puts a script into the cache.",
                complexity: "O(N), N being the length of the script",
                arguments: &[Argument::string("script")],
                ..Command::EMPTY
            },
            Command {
                name: "show",
                arity: 3,
                flags: flag::NOSCRIPT,
                categories: category::SCRIPTING,
                group: Group::Scripting,
                since: "8.0.0",
                summary: "Gives the text of a cached script.",
                complexity: "O(1)",
                arguments: &[Argument::string("sha1")],
                ..Command::EMPTY
            },
            Command {
                name: "stats",
                arity: 2,
                // The SHA1 or the name of what to tell of.
                extra_arguments: 1,
                flags: flag::NOSCRIPT | flag::ALLOW_BUSY,
                categories: category::SCRIPTING,
                tips: &["nondeterministic_output", "request_policy:all_nodes"],
                group: Group::Scripting,
                since: "8.0.0",
                summary: "Tells how scripts and functions ran.",
                complexity: "O(N), N being the scripts and functions",
                arguments: &[Argument::string("sha1-or-name").optional()],
                ..Command::EMPTY
            },
        ],
        handler: Handler::Container,
        ..Command::EMPTY
    },
];
