//! Publishing messages and subscribing to them.

use crate::help;
use crate::record::{Command, Group, Handler, KeySpec, flag, key_flag};
use crate::syntax::Argument;

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "psubscribe",
        arity: -2,
        flags: flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE,
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Subscribes to the channels that match patterns.",
        complexity: "O(N), N being the patterns of the connection",
        arguments: &[Argument::block("pattern", &[Argument::pattern("pattern")]).repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "publish",
        arity: 3,
        flags: flag::PUBSUB | flag::LOADING | flag::STALE | flag::FAST,
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Sends a message to a channel.",
        complexity: "O(N+M), N being the subscribers of the channel and M all patterns",
        arguments: &[Argument::string("channel"), Argument::string("message")],
        ..Command::EMPTY
    },
    Command {
        name: "pubsub",
        arity: -2,
        group: Group::PubSub,
        since: "2.8.0",
        summary: "Looks at subscriptions.",
        complexity: "Depends on the subcommand",
        subcommands: &[
            Command {
                name: "channels",
                arity: -2,
                flags: flag::PUBSUB | flag::LOADING | flag::STALE,
                group: Group::PubSub,
                since: "2.8.0",
                summary: "Returns the channels that have subscribers.",
                complexity: "O(N), N being the number of such channels",
                arguments: &[Argument::pattern("pattern").optional()],
                ..Command::EMPTY
            },
            Command {
                name: "help",
                handler: Handler::Data(help::answer),
                arity: 2,
                flags: flag::LOADING | flag::STALE,
                group: Group::PubSub,
                since: "6.2.0",
                summary: "Explains the subcommands.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "numpat",
                arity: 2,
                flags: flag::PUBSUB | flag::LOADING | flag::STALE,
                group: Group::PubSub,
                since: "2.8.0",
                summary: "Returns how many different patterns are subscribed to.",
                complexity: "O(1)",
                ..Command::EMPTY
            },
            Command {
                name: "numsub",
                arity: -2,
                flags: flag::PUBSUB | flag::LOADING | flag::STALE,
                group: Group::PubSub,
                since: "2.8.0",
                summary: "Returns how many subscribers channels have.",
                complexity: "O(N), N being the channels asked for",
                arguments: &[Argument::string("channel").optional().repeated()],
                ..Command::EMPTY
            },
            Command {
                name: "shardchannels",
                arity: -2,
                flags: flag::PUBSUB | flag::LOADING | flag::STALE,
                group: Group::PubSub,
                since: "7.0.0",
                summary: "Returns the shard channels that have subscribers.",
                complexity: "O(N), N being the number of such channels",
                arguments: &[Argument::pattern("pattern").optional()],
                ..Command::EMPTY
            },
            Command {
                name: "shardnumsub",
                arity: -2,
                flags: flag::PUBSUB | flag::LOADING | flag::STALE,
                group: Group::PubSub,
                since: "7.0.0",
                summary: "Returns how many subscribers shard channels have.",
                complexity: "O(N), N being the channels asked for",
                arguments: &[Argument::string("shardchannel").optional().repeated()],
                ..Command::EMPTY
            },
        ],
        handler: Handler::Container,
        ..Command::EMPTY
    },
    Command {
        name: "punsubscribe",
        arity: -1,
        flags: flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE,
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Ends subscriptions to patterns.",
        complexity: "O(N+M), N being the patterns of the connection and M all patterns",
        arguments: &[Argument::pattern("pattern").optional().repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "spublish",
        arity: 3,
        flags: flag::PUBSUB | flag::LOADING | flag::STALE | flag::FAST,
        keys: &[KeySpec::one(1, key_flag::NOT_KEY)],
        group: Group::PubSub,
        since: "7.0.0",
        summary: "Sends a message to a shard channel.",
        complexity: "O(N), N being the subscribers of the channel",
        arguments: &[
            Argument::string("shardchannel"),
            Argument::string("message"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "ssubscribe",
        arity: -2,
        flags: flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE,
        keys: &[KeySpec::range(1, -1, 1, key_flag::NOT_KEY)],
        group: Group::PubSub,
        since: "7.0.0",
        summary: "Subscribes to shard channels.",
        complexity: "O(N), N being the number of channels",
        arguments: &[Argument::string("shardchannel").repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "subscribe",
        arity: -2,
        flags: flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE,
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Subscribes to channels.",
        complexity: "O(N), N being the number of channels",
        arguments: &[Argument::string("channel").repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "sunsubscribe",
        arity: -1,
        flags: flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE,
        keys: &[KeySpec::range(1, -1, 1, key_flag::NOT_KEY)],
        group: Group::PubSub,
        since: "7.0.0",
        summary: "Ends subscriptions to shard channels.",
        complexity: "O(N), N being the channels of the connection",
        arguments: &[Argument::string("shardchannel").optional().repeated()],
        ..Command::EMPTY
    },
    Command {
        name: "unsubscribe",
        arity: -1,
        flags: flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE,
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Ends subscriptions to channels.",
        complexity: "O(N), N being the channels of the connection",
        arguments: &[Argument::string("channel").optional().repeated()],
        ..Command::EMPTY
    },
];
