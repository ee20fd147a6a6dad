//! SUBSCRIBE and its kin, PUBLISH, PUBSUB.

use std::sync::atomic::Ordering;

use commands::CommandResult;
use resp::Reply;

use crate::atomicity::Held;
use crate::client::Client;
use crate::pubsub::Kind;
use crate::road::run::{Call, ServerHandler};
use crate::server::Server;

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("", "subscribe", |call| subscribe(call, Kind::Channel)),
    ("", "psubscribe", |call| subscribe(call, Kind::Pattern)),
    ("", "ssubscribe", |call| subscribe(call, Kind::ShardChannel)),
    ("", "unsubscribe", |call| unsubscribe(call, Kind::Channel)),
    ("", "punsubscribe", |call| unsubscribe(call, Kind::Pattern)),
    ("", "sunsubscribe", |call| {
        unsubscribe(call, Kind::ShardChannel)
    }),
    ("", "publish", |call| publish(call, Kind::Channel)),
    ("", "spublish", |call| publish(call, Kind::ShardChannel)),
    ("pubsub", "channels", |call| channels(call, Kind::Channel)),
    ("pubsub", "shardchannels", |call| {
        channels(call, Kind::ShardChannel)
    }),
    ("pubsub", "numsub", |call| {
        subscriber_counts(call, Kind::Channel)
    }),
    ("pubsub", "shardnumsub", |call| {
        subscriber_counts(call, Kind::ShardChannel)
    }),
    ("pubsub", "numpat", pattern_count),
];

fn names(client: &mut Client, kind: Kind) -> &mut Vec<Vec<u8>> {
    match kind {
        Kind::Channel => &mut client.channels,
        Kind::Pattern => &mut client.patterns,
        Kind::ShardChannel => &mut client.shard_channels,
    }
}

/// The count that the confirmations show: channels and patterns count together, shard channels for themselves.
fn count(client: &Client, kind: Kind) -> i64 {
    match kind {
        Kind::ShardChannel => client.shard_channels.len() as i64,
        _ => (client.channels.len() + client.patterns.len()) as i64,
    }
}

fn note_counts(client: &Client) {
    let record = &client.record;
    record
        .channels
        .store(client.channels.len(), Ordering::Relaxed);
    record
        .patterns
        .store(client.patterns.len(), Ordering::Relaxed);
    record
        .shard_channels
        .store(client.shard_channels.len(), Ordering::Relaxed);
}

fn confirm(reply: &mut dyn Reply, what: &str, name: Option<&[u8]>, count: i64) {
    reply.push(3);
    reply.bulk(what.as_bytes());
    match name {
        Some(name) => reply.bulk(name),
        None => reply.null(),
    }
    reply.integer(count);
}

fn subscribe(call: &mut Call<'_>, kind: Kind) -> CommandResult {
    let what = match kind {
        Kind::Channel => "subscribe",
        Kind::Pattern => "psubscribe",
        Kind::ShardChannel => "ssubscribe",
    };
    for &name in &call.args[1..] {
        let subscribed = names(call.client, kind);
        if !subscribed.iter().any(|known| known == name) {
            subscribed.push(name.to_vec());
            call.server
                .pubsub
                .subscribe(kind, name, &call.client.record);
            note_counts(call.client);
        }
        confirm(call.reply, what, Some(name), count(call.client, kind));
    }
    Ok(())
}

fn unsubscribe(call: &mut Call<'_>, kind: Kind) -> CommandResult {
    let what = match kind {
        Kind::Channel => "unsubscribe",
        Kind::Pattern => "punsubscribe",
        Kind::ShardChannel => "sunsubscribe",
    };
    let given: Vec<Vec<u8>> = if call.args.len() > 1 {
        call.args[1..].iter().map(|name| name.to_vec()).collect()
    } else {
        names(call.client, kind).clone()
    };
    if given.is_empty() {
        confirm(call.reply, what, None, count(call.client, kind));
    }
    for name in given {
        let subscribed = names(call.client, kind);
        if let Some(position) = subscribed.iter().position(|known| *known == name) {
            subscribed.remove(position);
            call.server
                .pubsub
                .unsubscribe(kind, &name, call.client.id());
            note_counts(call.client);
        }
        confirm(call.reply, what, Some(&name), count(call.client, kind));
    }
    Ok(())
}

/// Ends all subscriptions of a client that resets or leaves.
pub(crate) fn unsubscribe_all(server: &Server, client: &mut Client) {
    for kind in [Kind::Channel, Kind::Pattern, Kind::ShardChannel] {
        for name in std::mem::take(names(client, kind)) {
            server.pubsub.unsubscribe(kind, &name, client.id());
        }
    }
    note_counts(client);
}

fn publish(call: &mut Call<'_>, kind: Kind) -> CommandResult {
    call.unit.tell_message(call.args);
    if call.unit.keeps_undo() {
        let receivers = call.server.pubsub.receivers(kind, call.args[1]);
        call.bench.held.push(Held::Message {
            kind,
            channel: call.args[1].to_vec(),
            message: call.args[2].to_vec(),
        });
        call.reply.integer(receivers as i64);
        return Ok(());
    }
    let (channel, message) = (call.args[1], call.args[2]);
    let (pubsub, own) = (&call.server.pubsub, &mut call.bench.own);
    let receivers = match kind {
        Kind::ShardChannel => pubsub.publish_shard(channel, message, own),
        _ => pubsub.publish(channel, message, own),
    };
    call.reply.integer(receivers as i64);
    Ok(())
}

fn channels(call: &mut Call<'_>, kind: Kind) -> CommandResult {
    if call.args.len() > 3 {
        return Err(commands::CommandError::repeating(
            "ERR unknown subcommand or wrong number of arguments for '",
            call.args[1],
            "'. Try PUBSUB HELP.",
        ));
    }
    let channels = call.server.pubsub.channels(kind, call.args.get(2).copied());
    call.reply.array(channels.len());
    for channel in channels {
        call.reply.bulk(&channel);
    }
    Ok(())
}

fn subscriber_counts(call: &mut Call<'_>, kind: Kind) -> CommandResult {
    let channels = &call.args[2..];
    // Pairs in one flat array, in RESP3 too.
    call.reply.array(channels.len() * 2);
    for channel in channels {
        call.reply.bulk(channel);
        call.reply
            .integer(call.server.pubsub.subscribers(kind, channel) as i64);
    }
    Ok(())
}

fn pattern_count(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(call.server.pubsub.counts().1 as i64);
    Ok(())
}
