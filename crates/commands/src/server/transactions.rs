//! Transactions, and keys watched for them.

use crate::record::{Command, Group, KeySpec, category, flag, key_flag};
use crate::syntax::Argument;

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "discard",
        arity: 1,
        flags: flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY,
        categories: category::TRANSACTION,
        group: Group::Transactions,
        since: "2.0.0",
        summary: "Drops the transaction.",
        complexity: "O(N), N being the queued commands",
        ..Command::EMPTY
    },
    Command {
        name: "exec",
        arity: 1,
        flags: flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SKIP_SLOWLOG,
        categories: category::TRANSACTION,
        group: Group::Transactions,
        since: "1.2.0",
        summary: "Runs the transaction.",
        complexity: "Depends on the commands",
        ..Command::EMPTY
    },
    Command {
        name: "multi",
        arity: 1,
        flags: flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY,
        categories: category::TRANSACTION,
        group: Group::Transactions,
        since: "1.2.0",
        summary: "Begins a transaction: commands are queued from now on.",
        complexity: "O(1)",
        ..Command::EMPTY
    },
    Command {
        name: "unwatch",
        arity: 1,
        flags: flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY,
        categories: category::TRANSACTION,
        group: Group::Transactions,
        since: "2.2.0",
        summary: "Forgets the watched keys.",
        complexity: "O(1)",
        ..Command::EMPTY
    },
    Command {
        name: "watch",
        arity: -2,
        flags: flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY,
        categories: category::TRANSACTION,
        keys: &[KeySpec::range(1, -1, 1, key_flag::RO)],
        group: Group::Transactions,
        since: "2.2.0",
        summary: "Makes EXEC fail if one of the keys has changed by then.",
        complexity: "O(1) for each key",
        arguments: &[Argument::key("key", 0).repeated()],
        ..Command::EMPTY
    },
];
