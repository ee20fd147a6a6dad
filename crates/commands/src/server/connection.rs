//! Connections: who speaks, in which protocol, and to which database.

use crate::help;
use crate::record::{Command, Group, Handler, category, flag};
use crate::syntax::Argument;

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "auth",
        arity: -2,
        flags: flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::FAST
            | flag::NO_AUTH
            | flag::ALLOW_BUSY,
        categories: category::CONNECTION,
        group: Group::Connection,
        since: "1.0.0",
        summary: "Authenticates the connection.",
        complexity: "O(N), N being the passwords of the user",
        arguments: &[
            Argument::string("username").since("6.0.0").optional(),
            Argument::string("password"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "client",
        arity: -2,
        group: Group::Connection,
        since: "2.4.0",
        summary: "Deals with connections.",
        complexity: "Depends on the subcommand",
        subcommands: &[
            Command {
                name: "caching",
                arity: 3,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "6.0.0",
                summary: "Says whether the keys of the next request are tracked.",
                complexity: "O(1)",
                arguments: &[Argument::one_of(
                    "mode",
                    &[Argument::word("yes", "YES"), Argument::word("no", "NO")],
                )],
                ..Command::EMPTY
            },
            Command {
                name: "getname",
                arity: 2,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "2.6.9",
                summary: "Returns the name of the connection.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "getredir",
                arity: 2,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "6.0.0",
                summary: "Returns the connection to which invalidations go.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "help",
                handler: Handler::Data(help::answer),
                arity: 2,
                flags: flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "5.0.0",
                summary: "Explains the subcommands.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "id",
                arity: 2,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "5.0.0",
                summary: "Returns the number of the connection.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "info",
                arity: 2,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                tips: &["nondeterministic_output"],
                group: Group::Connection,
                since: "6.2.0",
                summary: "Describes the connection.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "kill",
                arity: -3,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "2.4.0",
                summary: "Closes connections.",
                complexity: "O(N), N being the number of connections",
                arguments: &[Argument::one_of(
                    "filter",
                    &[
                        Argument::string("ip:port").deprecated_since("2.8.12"),
                        Argument::one_of(
                            "new-format",
                            &[
                                Argument::integer("client-id")
                                    .after("ID")
                                    .since("2.8.12")
                                    .optional(),
                                Argument::one_of(
                                    "normal_master_slave_pubsub",
                                    &[
                                        Argument::word("normal", "NORMAL"),
                                        Argument::word("master", "MASTER").since("3.2.0"),
                                        Argument::word("slave", "SLAVE"),
                                        Argument::word("replica", "REPLICA").since("5.0.0"),
                                        Argument::word("pubsub", "PUBSUB"),
                                    ],
                                )
                                .after("TYPE")
                                .since("2.8.12")
                                .optional(),
                                Argument::string("username").after("USER").optional(),
                                Argument::string("ip:port").after("ADDR").optional(),
                                Argument::string("ip:port")
                                    .after("LADDR")
                                    .since("6.2.0")
                                    .optional(),
                                Argument::string("yes/no").after("SKIPME").optional(),
                            ],
                        )
                        .repeated(),
                    ],
                )],
                ..Command::EMPTY
            },
            Command {
                name: "list",
                arity: -2,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                tips: &["nondeterministic_output"],
                group: Group::Connection,
                since: "2.4.0",
                summary: "Describes the connections.",
                complexity: "O(N), N being the number of connections",
                arguments: &[
                    Argument::one_of(
                        "normal_master_replica_pubsub",
                        &[
                            Argument::word("normal", "NORMAL"),
                            Argument::word("master", "MASTER"),
                            Argument::word("replica", "REPLICA"),
                            Argument::word("pubsub", "PUBSUB"),
                        ],
                    )
                    .after("TYPE")
                    .since("5.0.0")
                    .optional(),
                    Argument::block("id", &[Argument::integer("client-id").repeated()])
                        .after("ID")
                        .since("6.2.0")
                        .optional(),
                ],
                ..Command::EMPTY
            },
            Command {
                name: "no-evict",
                arity: 3,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "7.0.0",
                summary: "Keeps the connection from being closed for memory.",
                complexity: "O(1)",
                arguments: &[Argument::one_of(
                    "enabled",
                    &[Argument::word("on", "ON"), Argument::word("off", "OFF")],
                )],
                ..Command::EMPTY
            },
            Command {
                name: "no-touch",
                arity: 3,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "7.2.0",
                summary: "Says whether reads of this connection count as accesses to keys.",
                complexity: "O(1)",
                arguments: &[Argument::one_of(
                    "enabled",
                    &[Argument::word("on", "ON"), Argument::word("off", "OFF")],
                )],
                ..Command::EMPTY
            },
            Command {
                name: "pause",
                arity: -3,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "2.9.50",
                summary: "Makes the commands of clients wait for some time.",
                complexity: "O(1)",
                arguments: &[
                    Argument::integer("timeout"),
                    Argument::one_of(
                        "mode",
                        &[
                            Argument::word("write", "WRITE"),
                            Argument::word("all", "ALL"),
                        ],
                    )
                    .since("6.2.0")
                    .optional(),
                ],
                ..Command::EMPTY
            },
            Command {
                name: "reply",
                arity: 3,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "3.2.0",
                summary: "Says whether commands of the connection are answered.",
                complexity: "O(1)",
                arguments: &[Argument::one_of(
                    "on_off_skip",
                    &[
                        Argument::word("on", "ON"),
                        Argument::word("off", "OFF"),
                        Argument::word("skip", "SKIP"),
                    ],
                )],
                ..Command::EMPTY
            },
            Command {
                name: "setinfo",
                arity: 4,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
                group: Group::Connection,
                since: "7.2.0",
                summary: "Tells the server which library the client uses.",
                complexity: "O(1)",
                arguments: &[Argument::one_of(
                    "attr",
                    &[
                        Argument::string("libname").after("LIB-NAME"),
                        Argument::string("libver").after("LIB-VER"),
                    ],
                )],
                ..Command::EMPTY
            },
            Command {
                name: "setname",
                arity: 3,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "2.6.9",
                summary: "Names the connection.",
                complexity: "O(1)",
                arguments: &[Argument::string("connection-name")],
                ..Command::EMPTY
            },
            Command {
                name: "tracking",
                arity: -3,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "6.0.0",
                summary: "Switches the tracking of read keys on or off, for copies on the client's side.",
                complexity: "O(1), and the number of prefixes",
                arguments: &[
                    Argument::one_of(
                        "status",
                        &[Argument::word("on", "ON"), Argument::word("off", "OFF")],
                    ),
                    Argument::integer("client-id").after("REDIRECT").optional(),
                    Argument::string("prefix")
                        .after("PREFIX")
                        .optional()
                        .repeated_with_token(),
                    Argument::word("bcast", "BCAST").optional(),
                    Argument::word("optin", "OPTIN").optional(),
                    Argument::word("optout", "OPTOUT").optional(),
                    Argument::word("noloop", "NOLOOP").optional(),
                ],
                ..Command::EMPTY
            },
            Command {
                name: "trackinginfo",
                arity: 2,
                flags: flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "6.2.0",
                summary: "Tells how the connection tracks.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "unblock",
                arity: -3,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "5.0.0",
                summary: "Ends the waiting of a blocked client.",
                complexity: "O(log N), N being the number of connections",
                arguments: &[
                    Argument::integer("client-id"),
                    Argument::one_of(
                        "timeout_error",
                        &[
                            Argument::word("timeout", "TIMEOUT"),
                            Argument::word("error", "ERROR"),
                        ],
                    )
                    .optional(),
                ],
                ..Command::EMPTY
            },
            Command {
                name: "unpause",
                arity: 2,
                flags: flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
                categories: category::CONNECTION,
                group: Group::Connection,
                since: "6.2.0",
                summary: "Lets the commands of paused clients go on.",
                complexity: "O(N), N being the number of paused clients",
                ..Command::EMPTY
            },
        ],
        handler: Handler::Container,
        ..Command::EMPTY
    },
    Command {
        name: "echo",
        arity: 2,
        flags: flag::LOADING | flag::STALE | flag::FAST,
        categories: category::CONNECTION,
        group: Group::Connection,
        since: "1.0.0",
        summary: "Returns what it was given.",
        complexity: "O(1)",
        arguments: &[Argument::string("message")],
        ..Command::EMPTY
    },
    Command {
        name: "hello",
        arity: -1,
        flags: flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::FAST
            | flag::NO_AUTH
            | flag::ALLOW_BUSY,
        categories: category::CONNECTION,
        group: Group::Connection,
        since: "6.0.0",
        summary: "Begins a conversation: protocol, name and authentication in one.",
        complexity: "O(1)",
        arguments: &[Argument::block(
            "arguments",
            &[
                Argument::integer("protover"),
                Argument::block(
                    "username_password",
                    &[Argument::string("username"), Argument::string("password")],
                )
                .after("AUTH")
                .optional(),
                Argument::string("clientname").after("SETNAME").optional(),
            ],
        )
        .optional()],
        ..Command::EMPTY
    },
    Command {
        name: "ping",
        arity: -1,
        flags: flag::FAST,
        categories: category::CONNECTION,
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        group: Group::Connection,
        since: "1.0.0",
        summary: "Answers, to show that the server is there.",
        complexity: "O(1)",
        arguments: &[Argument::string("message").optional()],
        ..Command::EMPTY
    },
    Command {
        name: "quit",
        arity: -1,
        flags: flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::FAST
            | flag::NO_AUTH
            | flag::ALLOW_BUSY,
        categories: category::CONNECTION,
        group: Group::Connection,
        since: "1.0.0",
        summary: "Closes the connection.",
        complexity: "O(1)",
        ..Command::EMPTY
    },
    Command {
        name: "reset",
        arity: 1,
        flags: flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::FAST
            | flag::NO_AUTH
            | flag::ALLOW_BUSY,
        categories: category::CONNECTION,
        group: Group::Connection,
        since: "6.2.0",
        summary: "Puts the connection back into its first state.",
        complexity: "O(1)",
        ..Command::EMPTY
    },
    Command {
        name: "select",
        arity: 2,
        flags: flag::LOADING | flag::STALE | flag::FAST,
        categories: category::CONNECTION,
        group: Group::Connection,
        since: "1.0.0",
        summary: "Selects a database.",
        complexity: "O(1)",
        arguments: &[Argument::integer("index")],
        ..Command::EMPTY
    },
];
