//! The checks between look-up and locks: may this command run, here and now?
//!
//! One ordered list for each origin, in the order of redis-server 7.0.15, so that the same error wins. What stands in
//! brackets has no subject yet; it comes in at that place.
//!
//! | a client's command | a script about to start | a script's inner call |
//! | --- | --- | --- |
//! | known, number of arguments: [`lookup`](super::lookup) | the same for EVAL … FCALL | the same, other texts |
//! | authenticated | all on the left, for EVAL itself | allowed from scripts |
//! | allowed in a transaction | script or function exists | data not stale |
//! | \[ACL: command, keys, channels\] | no memory and no `allow-oom` | \[ACL of the user who runs the script\] |
//! | \[cluster: the keys' slot is here\] | disk error, and not `no-writes` | not a write of a read-only script |
//! | memory | too few replicas, and not `no-writes` | read-only replica |
//! | disk error | read-only replica, and not `no-writes` | disk error |
//! | too few replicas | stale data and no `allow-stale` | too few replicas |
//! | read-only replica | \[cluster and `no-cluster`\] | memory |
//! | subscriber's context | EVAL_RO … FCALL_RO and not `no-writes` | \[cluster: the keys' slot is here\] |
//! | stale data | | locks: [`script_host`](crate::script_host) |
//! | \[loading\] | | a blocking command does not block: `Context::may_block` |
//! | a script is overdue, with `busy-reply-scope all` | | |
//! | no keys for a client that monitors | | |
//!
//! The states of the server that stop commands are [barriers](super::barrier); a script about to start is checked by
//! `handlers::script::check_flags`. Scripts without a `#!` line are asked only about stale data when they start. Once a
//! script has called a writing command, the states from `read-only replica` to `memory` do not stop it any more.

use std::sync::atomic::Ordering;

use commands::record::flag;
use commands::{Command, CommandError, Handler};
use resp::Protocol;

use crate::client::Client;
use crate::config::enums::BusyReplyScope;
use crate::road::barrier::{self, Barrier, Traits};
use crate::road::lookup::Entry;
use crate::server::Server;
use crate::session::is_script;

/// Where a command comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A socket.
    Client,
    /// EXEC, from the queue.
    Transaction,
    /// `redis.call`, with what the script's flags allow.
    Script {
        /// The script has declared that it writes nothing, or runs as EVAL_RO.
        read_only: bool,
        /// Memory was short when the script started, and it has not declared that it may go on then.
        lacks_memory: bool,
        /// It has called a writing command: having begun it may end, whatever the server's state has become.
        has_written: bool,
    },
}

/// Checks a command.
///
/// # Errors
/// The text of the first check that fails.
#[inline]
pub(crate) fn check(
    server: &Server,
    client: &Client,
    entry: &Entry,
    origin: Origin,
) -> Result<(), CommandError> {
    debug_assert!(!matches!(entry.command.handler, Handler::Container));
    match origin {
        Origin::Client => from_client(server, client, entry),
        Origin::Transaction => Ok(()),
        Origin::Script {
            read_only,
            lacks_memory,
            has_written,
        } => from_script(server, entry, read_only, lacks_memory, has_written),
    }
}

/// The checks of a client's command, in order.
fn from_client(server: &Server, client: &Client, entry: &Entry) -> Result<(), CommandError> {
    let command = entry.command;
    if !client.authenticated && !command.has(flag::NO_AUTH) {
        return Err(CommandError::text("NOAUTH Authentication required."));
    }
    if client.transaction.open && command.has(flag::NO_MULTI) {
        return Err(CommandError::text(
            "ERR Command not allowed inside a transaction",
        ));
    }
    let raised = server.barriers.raised();
    if !raised.none() {
        barrier::at_the_door(raised, traits(client, entry))?;
    }
    if client.is_subscriber()
        && client.protocol == Protocol::Resp2
        && !allowed_while_subscribed(entry)
    {
        return Err(CommandError::owned(format!(
            "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this \
             context",
            entry.full_name()
        )));
    }
    if server.running.any() {
        waits_for_nobody(server, entry)?;
    }
    if client.record.is_monitor.load(Ordering::Relaxed) && touches_keys(client, entry) {
        return Err(CommandError::text(
            "ERR Replica can't interact with the keyspace",
        ));
    }
    Ok(())
}

/// Whether a command is one that a client which monitors must not send, nor have queued. Redis counts such clients as
/// replicas.
#[cold]
fn touches_keys(client: &Client, entry: &Entry) -> bool {
    let touches = |entry: &Entry| entry.command.has(flag::READONLY) || may_replicate(entry.command);
    let queue = &client.transaction.queue;
    touches(entry)
        || is_script(entry)
        || entry.is_exec() && queue.iter().any(|queued| touches(queued.entry))
}

/// The checks of a script's inner call, in order.
#[inline]
fn from_script(
    server: &Server,
    entry: &Entry,
    read_only: bool,
    lacks_memory: bool,
    has_written: bool,
) -> Result<(), CommandError> {
    let command = entry.command;
    if command.has(flag::NOSCRIPT) && !server.scripts_may_call_all() {
        return Err(CommandError::text(
            "ERR This Redis command is not allowed from script",
        ));
    }
    let raised = server.barriers.raised();
    if raised.has(Barrier::StaleData) && !command.has(flag::STALE) {
        return Err(barrier::STALE_INNER_CALL);
    }
    if read_only && may_replicate(command) {
        return Err(CommandError::text(
            "ERR Write commands are not allowed from read-only scripts.",
        ));
    }
    if has_written {
        return Ok(());
    }
    if !raised.none() {
        barrier::before_an_inner_write(raised, Traits::of_flags(command.flags))?;
    }
    if lacks_memory && command.has(flag::DENYOOM) {
        return Err(barrier::text(Barrier::MemoryIsFull));
    }
    Ok(())
}

/// With `busy-reply-scope all`, whether a script that is overdue keeps everybody waiting, as in Redis.
#[cold]
fn waits_for_nobody(server: &Server, entry: &Entry) -> Result<(), CommandError> {
    let config = server.config.current();
    if config.busy_reply_scope != BusyReplyScope::All || entry.command.has(flag::ALLOW_BUSY) {
        return Ok(());
    }
    match server.running.any_overdue(config.busy_reply_threshold) {
        Some(script) => Err(CommandError::owned(script.busy_text())),
        None => Ok(()),
    }
}

fn traits(client: &Client, entry: &Entry) -> Traits {
    Traits {
        needs_memory: needs_memory(client, entry),
        writes: has_flags(client, entry, flag::WRITE),
        takes_stale_data: entry.command.has(flag::STALE),
        is_ping: entry.command.name == "ping",
    }
}

/// Whether a command, or for EXEC one of the queue, has one of these flags.
pub(crate) fn has_flags(client: &Client, entry: &Entry, flags: u64) -> bool {
    entry.command.flags & flags != 0
        || (entry.is_exec()
            && client
                .transaction
                .queue
                .iter()
                .any(|queued| queued.entry.command.flags & flags != 0))
}

/// Whether a command may make the data set grow. To be queued takes memory itself.
fn needs_memory(client: &Client, entry: &Entry) -> bool {
    has_flags(client, entry, flag::DENYOOM)
        || (client.transaction.open && !entry.runs_inside_multi())
}

/// Whether a command writes or sends what replicas get too. PUBLISH and SPUBLISH do, though no flag of theirs shows it.
pub(crate) fn may_replicate(command: &Command) -> bool {
    command.flags & (flag::WRITE | flag::MAY_REPLICATE) != 0
        || command.has(flag::PUBSUB) && matches!(command.name, "publish" | "spublish")
}

fn allowed_while_subscribed(entry: &Entry) -> bool {
    matches!(
        entry.command.name,
        "ping"
            | "subscribe"
            | "ssubscribe"
            | "sunsubscribe"
            | "unsubscribe"
            | "psubscribe"
            | "punsubscribe"
            | "quit"
            | "reset"
    )
}
