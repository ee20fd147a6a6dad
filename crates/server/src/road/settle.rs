//! What follows when a command, or a unit of several, has run: events go out, blocked clients are served.
//!
//! All of it happens before the unit's locks are released, so that its order is the order of the changes.

use keyspace::Unit;

use crate::atomicity::{Held, publish_event};
use crate::blocking;
use crate::road::run::Bench;
use crate::server::Server;
use crate::stats::add;

/// Publishes the keyspace events of a unit so far and takes over its counts; while its changes may be undone, both wait.
pub(crate) fn settle_command(server: &'static Server, bench: &mut Bench, unit: &mut Unit<'static>) {
    if unit.keeps_undo() {
        let events = unit.changes.events.drain(..);
        bench.held.extend(events.map(Held::Event));
        return;
    }
    let changes = &mut unit.changes;
    if changes.hits | changes.misses | changes.expired | changes.dirty != 0 {
        let stats = &bench.stats;
        if changes.hits != 0 {
            add(&stats.keyspace_hits, changes.hits);
        }
        if changes.misses != 0 {
            add(&stats.keyspace_misses, changes.misses);
        }
        if changes.expired != 0 {
            add(&stats.expired_keys, changes.expired);
        }
        if changes.dirty != 0 {
            add(&stats.dirty, changes.dirty);
        }
        changes.hits = 0;
        changes.misses = 0;
        changes.expired = 0;
        changes.dirty = 0;
    }
    if !changes.events.is_empty() {
        for event in std::mem::take(&mut changes.events) {
            publish_event(server, &event, &mut bench.own);
        }
    }
}

/// Ends a unit: settles what its last command left, serves blocked clients, and hands the unit back for its locks to
/// be released.
pub(crate) fn settle_unit(server: &'static Server, bench: &mut Bench, unit: &mut Unit<'static>) {
    settle_command(server, bench, unit);
    if unit.changes.ready.is_empty() && !unit.records_effects() {
        return;
    }
    // The reply is written; what follows is done for others.
    let speaker = bench.own.client.take();
    // Serving a client may make further keys ready (BLMOVE), so this goes on until nothing is left.
    while !unit.changes.ready.is_empty() {
        for ready in std::mem::take(&mut unit.changes.ready) {
            blocking::serve(server, bench, unit, &ready);
        }
        settle_command(server, bench, unit);
    }
    bench.own.client = speaker;
    if unit.records_effects() {
        server.effects.add(unit.take_effects());
    }
}
