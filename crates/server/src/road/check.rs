//! The checks between look-up and locks: may this command run, here and now?

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
    args: &[&[u8]],
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
        Origin::Script { read_only } => {
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
        }
    }
    debug_assert!(!matches!(command.handler, Handler::Container));
    let _ = args;
    Ok(())
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
