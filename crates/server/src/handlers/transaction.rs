//! MULTI, EXEC, DISCARD, WATCH, UNWATCH.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use commands::{CommandError, CommandResult};
use keyspace::{LockPlan, Unit};
use types::Bytes;

use crate::client::Client;
use crate::road::lookup::Planner;
use crate::road::run::{Bench, Call, Next, ServerHandler};
use crate::server::Server;
use crate::transaction::Watching;

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("", "multi", multi),
    ("", "exec", exec),
    ("", "discard", discard),
    ("", "watch", watch),
    ("", "unwatch", unwatch),
];

pub(super) const PLANNERS: &[(&str, Planner)] = &[
    ("exec", plan_exec),
    ("discard", |server, _, client, args| {
        plan_watched(server, client, args)
    }),
    ("unwatch", |server, _, client, args| {
        plan_watched(server, client, args)
    }),
    ("reset", |server, _, client, args| {
        plan_watched(server, client, args)
    }),
];

fn multi(call: &mut Call<'_>) -> CommandResult {
    if call.client.transaction.open {
        return Err(CommandError::text("ERR MULTI calls can not be nested"));
    }
    call.client.transaction.open = true;
    call.client.record.queued.store(0, Ordering::Relaxed);
    call.client.record.queued_bytes.store(0, Ordering::Relaxed);
    call.reply.ok();
    Ok(())
}

fn exec(call: &mut Call<'_>) -> CommandResult {
    if !call.client.transaction.open {
        return Err(CommandError::text("ERR EXEC without MULTI"));
    }
    if call.client.transaction.failed {
        discard_transaction(call.client, call.unit);
        return Err(CommandError::text(
            "EXECABORT Transaction discarded because of previous errors.",
        ));
    }
    if watched_keys_changed(call.client, call.unit) {
        discard_transaction(call.client, call.unit);
        call.reply.null_array();
        return Ok(());
    }
    call.next = Next::Exec;
    Ok(())
}

fn discard(call: &mut Call<'_>) -> CommandResult {
    if !call.client.transaction.open {
        return Err(CommandError::text("ERR DISCARD without MULTI"));
    }
    discard_transaction(call.client, call.unit);
    call.reply.ok();
    Ok(())
}

fn watch(call: &mut Call<'_>) -> CommandResult {
    if call.client.transaction.open {
        return Err(CommandError::text("ERR WATCH inside MULTI is not allowed"));
    }
    let database = call.client.database;
    let watching = call
        .client
        .transaction
        .watch
        .get_or_insert_with(|| Watching {
            watch: Arc::default(),
            keys: Vec::new(),
        });
    if !watching.watch.is_changed() {
        for &key in &call.args[1..] {
            let name = (database, Bytes::from(key));
            if !watching.keys.contains(&name) {
                call.unit.watch(key, &watching.watch);
                watching.keys.push(name);
            }
        }
    }
    call.client
        .record
        .watched
        .store(watching.keys.len(), Ordering::Relaxed);
    call.reply.ok();
    Ok(())
}

fn unwatch(call: &mut Call<'_>) -> CommandResult {
    unwatch_all(call.client, call.unit);
    call.reply.ok();
    Ok(())
}

/// The locks of all queued commands and of the watched keys.
fn plan_exec(server: &Server, bench: &mut Bench, client: &Client, _args: &[&[u8]]) -> LockPlan {
    let mut plan = plan_watched(server, client, &[]);
    if client.transaction.failed {
        return plan;
    }
    // Which database a queued command works on does not matter: shards span all of them.
    for queued in &client.transaction.queue {
        let args: Vec<&[u8]> = queued.args.iter().map(|argument| &**argument).collect();
        plan.add(&queued.entry.plan(server, bench, client, &args));
    }
    plan
}

/// The locks of the watched keys.
pub(crate) fn plan_watched(_server: &Server, client: &Client, _args: &[&[u8]]) -> LockPlan {
    match &client.transaction.watch {
        Some(watching) => LockPlan::for_keys(watching.keys.iter().map(|(_, key)| &**key)),
        None => LockPlan::None,
    }
}

fn watched_keys_changed(client: &Client, unit: &Unit<'static>) -> bool {
    client.transaction.watch.as_ref().is_some_and(|watching| {
        watching.watch.is_changed()
            || watching
                .keys
                .iter()
                .any(|(database, key)| unit.watched_key_expired(*database, key, &watching.watch))
    })
}

/// Ends a transaction without running it.
pub(crate) fn discard_transaction(client: &mut Client, unit: &mut Unit<'static>) {
    client.transaction.reset();
    client.record.queued.store(-1, Ordering::Relaxed);
    client.record.queued_bytes.store(0, Ordering::Relaxed);
    unwatch_all(client, unit);
}

/// Takes off the watch on all keys. The unit holds their locks.
pub(crate) fn unwatch_all(client: &mut Client, unit: &mut Unit<'static>) {
    if let Some(watching) = client.transaction.watch.take() {
        for (database, key) in &watching.keys {
            unit.unwatch(*database, key, &watching.watch);
        }
    }
    client.record.watched.store(0, Ordering::Relaxed);
}
