//! Sorted sets: ZADD, ZRANGE and their kin.
//!
//! Whatever selects members by rank, score or bytes becomes a range of ranks first (`range`); reading, storing and
//! removing then work on ranks. The records stand in a file of their own for their number.

mod add;
mod block;
mod bounds;
mod combine;
mod pop;
mod random;
mod range;
mod read;
mod records;
mod remove;
mod scan;

#[cfg(test)]
mod tests;

pub(crate) use records::COMMANDS;

use keyspace::{Event, Expiry};
use resp::Reply;
use types::{SortedSet, Value};

use crate::context::Context;

/// Answers members in order, each with its score if asked: RESP2 in one flat array, RESP3 in pairs.
fn members_reply<'m>(
    reply: &mut dyn Reply,
    members: impl ExactSizeIterator<Item = (&'m [u8], f64)>,
    with_scores: bool,
) {
    let pairs = with_scores && reply.protocol().is_resp3();
    let flat = with_scores && !pairs;
    reply.array(members.len() * if flat { 2 } else { 1 });
    for (member, score) in members {
        if pairs {
            reply.array(2);
        }
        reply.bulk(member);
        if with_scores {
            reply.double(score);
        }
    }
}

/// Puts a command's result under a key, or takes the key away if there is none, and answers the number of members.
fn store(context: &mut Context<'_, '_>, key: &[u8], result: SortedSet, event: Event) {
    let count = result.len();
    if count == 0 {
        context.keys.remove(key, Event::DEL);
    } else {
        let value = Value::SortedSet(Box::new(result));
        context.keys.set(key, value, Expiry::Clear, event);
    }
    context.reply.integer(count as i64);
}
