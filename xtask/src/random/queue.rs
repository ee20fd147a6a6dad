//! What a transaction has queued: EXEC's reply holds one reply per command, each to be compared in its own way.

use crate::differential::{Comparison, normalise};
use crate::wire::Reply;

/// The comparisons of the commands queued since MULTI.
#[derive(Debug, Default)]
pub struct Queue(Vec<Comparison>);

impl Queue {
    /// The part of a reply that counts: item by item for EXEC, as a whole for any other command.
    pub fn normalise(&self, reply: &Reply, comparison: Comparison, command: &[Vec<u8>]) -> Reply {
        match reply {
            Reply::Items {
                kind,
                items: Some(items),
            } if command[0].eq_ignore_ascii_case(b"EXEC") && items.len() == self.0.len() => {
                let each = items
                    .iter()
                    .zip(&self.0)
                    .map(|(item, comparison)| normalise(item, *comparison));
                Reply::Items {
                    kind: *kind,
                    items: Some(each.collect()),
                }
            }
            _ => normalise(reply, comparison),
        }
    }

    /// Takes note of a command that was answered.
    pub fn follow(&mut self, reply: Option<&Reply>, comparison: Comparison) {
        match reply.and_then(Reply::text) {
            Some(b"QUEUED") => self.0.push(comparison),
            // An error while queueing leaves the transaction as it is; any other reply comes before or ends one.
            _ if reply.is_some_and(Reply::is_error) => {}
            _ => self.0.clear(),
        }
    }
}
