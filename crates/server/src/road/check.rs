//! The checks between look-up and locks: may this command run, here and now?

use std::sync::atomic::Ordering;

use commands::record::flag;
use commands::{CommandError, Handler};
use resp::Protocol;

use crate::client::Client;
use crate::road::lookup::Entry;
use crate::server::Server;

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
        /// Memory is short and the script neither may nor did go on all the same: see [`memory_is_full`].
        lacks_memory: bool,
    },
}

/// Checks a command in the order in which Redis does, so that the same error wins.
///
/// # Errors
/// The text of the first check that fails.
pub(crate) fn check(
    server: &Server,
    client: &Client,
    entry: &Entry,
    origin: Origin,
) -> Result<(), CommandError> {
    let command = entry.command;
    match origin {
        Origin::Client => {
            if !client.authenticated && !command.has(flag::NO_AUTH) {
                return Err(CommandError::text("NOAUTH Authentication required."));
            }
            if client.transaction.open && command.has(flag::NO_MULTI) {
                return Err(CommandError::text(
                    "ERR Command not allowed inside a transaction",
                ));
            }
            let barriers = &server.barriers;
            if barriers.memory_is_full.load(Ordering::Relaxed) && needs_memory(client, entry) {
                return Err(memory_is_full());
            }
            if barriers.lacks_replicas.load(Ordering::Relaxed)
                && has_flags(client, entry, flag::WRITE)
            {
                return Err(lacks_replicas());
            }
            if client.is_subscriber()
                && client.protocol == Protocol::Resp2
                && !allowed_while_subscribed(entry)
            {
                return Err(CommandError::owned(format!(
                    "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed \
                     in this context",
                    entry.full_name()
                )));
            }
        }
        Origin::Transaction => {}
        Origin::Script {
            read_only,
            lacks_memory,
        } => {
            if command.has(flag::NOSCRIPT) && !server.scripts_may_call_all() {
                return Err(CommandError::text(
                    "ERR This Redis command is not allowed from script",
                ));
            }
            if read_only && may_replicate(entry) {
                return Err(CommandError::text(
                    "ERR Write commands are not allowed from read-only scripts.",
                ));
            }
            let lacks_replicas_now = server.barriers.lacks_replicas.load(Ordering::Relaxed);
            if lacks_replicas_now && command.has(flag::WRITE) {
                return Err(lacks_replicas());
            }
            if lacks_memory && command.has(flag::DENYOOM) {
                return Err(memory_is_full());
            }
        }
    }
    debug_assert!(!matches!(command.handler, Handler::Container));
    Ok(())
}

/// What is answered to what may take more memory when `maxmemory` is used up. A script that has already written goes on.
pub(crate) fn memory_is_full() -> CommandError {
    CommandError::text("OOM command not allowed when used memory > 'maxmemory'.")
}

/// What is answered to writers while `min-replicas-to-write` is not met.
pub(crate) fn lacks_replicas() -> CommandError {
    CommandError::text("NOREPLICAS Not enough good replicas to write.")
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
pub(crate) fn may_replicate(entry: &Entry) -> bool {
    let command = entry.command;
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
