//! What follows when a command, or a unit of several, has run: events go out, blocked clients are served.
//!
//! All of it happens before the unit's locks are released, so that its order is the order of the changes.

use keyspace::{EventClass, Unit};

use crate::blocking;
use crate::road::run::Bench;
use crate::server::Server;
use crate::stats::add;

/// Publishes the keyspace events of a unit so far and takes over its counts.
pub(crate) fn settle_command(server: &'static Server, bench: &Bench, unit: &mut Unit<'static>) {
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
    if changes.events.is_empty() {
        return;
    }
    let mask = server.keyspace.settings.notify_mask();
    for event in std::mem::take(&mut changes.events) {
        if mask & EventClass::KEYSPACE.0 != 0 {
            let mut channel = format!("__keyspace@{}__:", event.database).into_bytes();
            channel.extend_from_slice(&event.key);
            server
                .pubsub
                .publish(&channel, event.event.name.as_bytes(), None);
        }
        if mask & EventClass::KEYEVENT.0 != 0 {
            let channel = format!("__keyevent@{}__:{}", event.database, event.event.name);
            server.pubsub.publish(channel.as_bytes(), &event.key, None);
        }
    }
}

/// Ends a unit: settles what its last command left, serves blocked clients, and hands the unit back for its locks to
/// be released.
pub(crate) fn settle_unit(server: &'static Server, bench: &mut Bench, unit: &mut Unit<'static>) {
    settle_command(server, bench, unit);
    // Serving a client may make further keys ready (BLMOVE), so this goes on until nothing is left.
    while !unit.changes.ready.is_empty() {
        for ready in std::mem::take(&mut unit.changes.ready) {
            blocking::serve(server, bench, unit, &ready);
        }
        settle_command(server, bench, unit);
    }
    if unit.records_effects() {
        server.effects.add(unit.take_effects());
    }
}
