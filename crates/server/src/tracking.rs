//! Client-side caching: who may keep copies of which keys, and what they are told when those change
//! (<https://redis.io/docs/latest/develop/reference/client-side-caching/>).
//!
//! In the default mode the keys that a tracking client reads are remembered in a table, and the first modification of
//! such a key is told to the clients that have read it and forgotten. In broadcasting mode a client hears of every key
//! with one of its prefixes, in one message per turn of the event loop that made the changes.
//!
//! Modifications come from the keyspace's door, gathered only while anybody tracks
//! ([`Settings::gather_modifications`](keyspace::Settings::gather_modifications)). Both reads and modifications are dealt
//! with under the lock of the key, so none slips in between. A message about the running command's own client waits in its
//! record until the reply is written.

mod options;
mod table;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use commands::record::flag;
use keyspace::{Modification, Unit};
use parking_lot::RwLock;
use resp::{Protocol, Reply, RespWriter};
use types::Bytes;

pub(crate) use options::{ClientTracking, Options, tracking_flag};

use crate::atomicity::Held;
use crate::client::{Client, ClientId, ClientRecord};
use crate::net::Mail;
use crate::pubsub::OwnMessages;
use crate::road::Entry;
use crate::road::run::Bench;
use crate::server::Server;
use table::KeyTable;

/// Where RESP2 clients hear of invalid keys.
const CHANNEL: &[u8] = b"__redis__:invalidate";

type Records = BTreeMap<ClientId, Arc<ClientRecord>>;

/// Everybody who tracks, and what they have read.
#[derive(Debug, Default)]
pub(crate) struct Tracking {
    /// Whether anybody tracks.
    is_used: AtomicBool,
    clients: RwLock<Records>,
    table: KeyTable,
    /// The clients in broadcasting mode, by prefix.
    prefixes: RwLock<BTreeMap<Vec<u8>, Records>>,
    prefix_count: AtomicUsize,
}

/// A modified key of which the clients in broadcasting mode have not been told yet.
#[derive(Debug)]
pub(crate) struct Broadcast {
    key: Bytes,
    /// Who modified it.
    writer: Option<ClientId>,
}

/// A modification, and whose it is.
#[derive(Debug)]
pub(crate) struct OwnedModification {
    modification: Modification,
    actor: Option<Actor>,
}

/// Keys that a tracking client has read.
#[derive(Debug)]
pub(crate) struct TrackedReads {
    keys: Vec<Bytes>,
    actor: Actor,
}

/// The client whose command is running.
#[derive(Clone, Copy, Debug)]
struct Actor {
    id: ClientId,
    is_script: bool,
}

/// What INFO tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrackingCounts {
    pub(crate) clients: usize,
    pub(crate) keys: usize,
    /// Pairs of a key and a client that has read it.
    pub(crate) items: usize,
    pub(crate) prefixes: usize,
}

impl Tracking {
    /// Whether anybody tracks.
    #[inline]
    pub(crate) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    pub(crate) fn counts(&self) -> TrackingCounts {
        TrackingCounts {
            clients: self.clients.read().len(),
            keys: self.table.keys(),
            items: self.table.items(),
            prefixes: self.prefix_count.load(Ordering::Relaxed),
        }
    }

    /// The prefixes of a client in broadcasting mode, sorted.
    pub(crate) fn prefixes_of(&self, client: ClientId) -> Vec<Vec<u8>> {
        self.prefixes
            .read()
            .iter()
            .filter(|(_, records)| records.contains_key(&client))
            .map(|(prefix, _)| prefix.clone())
            .collect()
    }
}

/// CLIENT TRACKING ON with options that were checked.
pub(crate) fn enable(server: &Server, record: &Arc<ClientRecord>, options: &Options<'_>) {
    let tracking = &server.tracking;
    record.tracking.enable(options);
    if options.broadcasts {
        let mut prefixes = tracking.prefixes.write();
        let everything: &[&[u8]] = &[b""];
        let wanted = match &options.prefixes[..] {
            [] => everything,
            wanted => wanted,
        };
        for &prefix in wanted {
            let records = prefixes.entry(prefix.to_vec()).or_default();
            records.insert(record.id, Arc::clone(record));
        }
        tracking
            .prefix_count
            .store(prefixes.len(), Ordering::Relaxed);
    }
    let mut clients = tracking.clients.write();
    clients.insert(record.id, Arc::clone(record));
    tracking.is_used.store(true, Ordering::Relaxed);
    server.keyspace.settings.gather_modifications(true);
}

/// CLIENT TRACKING OFF, or the client is gone. What it has read is forgotten when it next changes, or when nobody tracks.
pub(crate) fn disable(server: &Server, record: &ClientRecord) {
    if !record.tracking.has(tracking_flag::ON) {
        return;
    }
    let tracking = &server.tracking;
    if record.tracking.has(tracking_flag::BCAST) {
        let mut prefixes = tracking.prefixes.write();
        prefixes.retain(|_, records| {
            records.remove(&record.id);
            !records.is_empty()
        });
        tracking
            .prefix_count
            .store(prefixes.len(), Ordering::Relaxed);
    }
    record.tracking.disable();
    let mut clients = tracking.clients.write();
    clients.remove(&record.id);
    if clients.is_empty() {
        tracking.is_used.store(false, Ordering::Relaxed);
        server.keyspace.settings.gather_modifications(false);
        // From here on nobody sees what becomes of these keys.
        tracking.table.clear();
    }
}

/// After a command has run: tells of what it modified, and remembers what it has read.
#[cold]
pub(crate) fn after_command(
    server: &Server,
    bench: &mut Bench,
    client: &Client,
    entry: &Entry,
    args: &[&[u8]],
    unit: &mut Unit<'static>,
) {
    let actor = Actor {
        id: client.id(),
        is_script: client.is_script,
    };
    settle(server, bench, unit, Some(actor));
    let reads = entry.command.has(flag::READONLY) && !runs_script(entry);
    if !reads || !client.record.tracking.remembers() {
        return;
    }
    let is_noted = matches!(bench.held.last(), Some(Held::Reads(_)));
    if client.is_script && unit.keeps_undo() && is_noted {
        // It has read the same keys just before.
        return;
    }
    let keys = if client.is_script {
        client.declared_keys.clone()
    } else {
        let positions = commands::keys::key_positions(entry.command, args).unwrap_or_default();
        let keys = positions.iter().map(|key| Bytes::from(args[key.index]));
        keys.collect()
    };
    let reads = TrackedReads { keys, actor };
    if unit.keeps_undo() {
        bench.held.push(Held::Reads(reads));
    } else {
        remember(server, bench, &reads);
    }
}

/// Puts down what a client has read.
pub(crate) fn remember(server: &Server, bench: &Bench, reads: &TrackedReads) {
    for key in &reads.keys {
        server.tracking.table.remember(key, reads.actor.id);
    }
    let keys_max = bench.config.tracking_table_max_keys;
    limit(server, keys_max, Some(reads.actor));
}

/// After keys have expired on their own: tells of it.
pub(crate) fn after_expiry(server: &Server, bench: &mut Bench, unit: &mut Unit<'static>) {
    settle(server, bench, unit, None);
}

/// Whether a command is one whose reading is done by the script it runs.
fn runs_script(entry: &Entry) -> bool {
    matches!(entry.command.name, "eval_ro" | "evalsha_ro" | "fcall_ro")
}

/// Deals with what a unit has modified; while it may be undone, that waits.
fn settle(server: &Server, bench: &mut Bench, unit: &mut Unit<'static>, actor: Option<Actor>) {
    if unit.changes.modified.is_empty() {
        return;
    }
    for modification in std::mem::take(&mut unit.changes.modified) {
        let owned = OwnedModification {
            modification,
            actor,
        };
        if unit.keeps_undo() {
            bench.held.push(Held::Modification(owned));
        } else {
            tell(server, bench, owned);
        }
    }
}

/// Tells of a modification that stands.
pub(crate) fn tell(server: &Server, bench: &mut Bench, owned: OwnedModification) {
    let tracking = &server.tracking;
    let actor = owned.actor;
    match owned.modification {
        Modification::Flush => {
            tracking.table.clear();
            let records: Vec<_> = tracking.clients.read().values().cloned().collect();
            for record in records {
                send(server, &record, None, actor, bench);
            }
        }
        Modification::Key { key, is_expiry } => {
            for id in tracking.table.take(&key) {
                let Some(record) = tracking_client(server, id) else {
                    continue;
                };
                let is_own = !is_expiry && actor.is_some_and(|actor| actor.id == id);
                if !(is_own && record.tracking.has(tracking_flag::NOLOOP)) {
                    send(server, &record, Some(&[&key]), actor, bench);
                }
            }
            if tracking.prefix_count.load(Ordering::Relaxed) > 0 {
                // As Redis has it, what a script writes is not its caller's writing here.
                let writer = actor
                    .filter(|actor| !is_expiry && !actor.is_script)
                    .map(|actor| actor.id);
                bench.broadcasts.push(Broadcast { key, writer });
            }
        }
    }
}

/// A client that has read a key and may still have it.
fn tracking_client(server: &Server, id: ClientId) -> Option<Arc<ClientRecord>> {
    let record = server.tracking.clients.read().get(&id).cloned()?;
    (!record.tracking.has(tracking_flag::BCAST)).then_some(record)
}

/// Forgets keys until there are at most `keys_max` (0: any number), and tells those who have read them.
fn limit(server: &Server, keys_max: u64, actor: Option<Actor>) {
    if keys_max == 0 {
        return;
    }
    let table = &server.tracking.table;
    while table.keys() as u64 > keys_max {
        let Some((key, clients)) = table.take_any() else {
            return;
        };
        for record in clients.iter().filter_map(|&id| tracking_client(server, id)) {
            deliver_invalidation(server, &record, Some(&[&key]), actor, None);
        }
    }
}

/// Takes a new `tracking-table-max-keys` over.
pub(crate) fn apply_limit(server: &Server, keys_max: u64) {
    limit(server, keys_max, None);
}

/// Tells the clients in broadcasting mode of the keys that were modified in this turn.
pub(crate) fn broadcast(server: &Server, bench: &mut Bench) {
    // Who wrote a key last is taken for its writer.
    let keys: BTreeMap<Bytes, Option<ClientId>> = bench
        .broadcasts
        .drain(..)
        .map(|broadcast| (broadcast.key, broadcast.writer))
        .collect();
    let prefixes = server.tracking.prefixes.read();
    for (prefix, records) in prefixes.iter() {
        let matching: Vec<(&[u8], Option<ClientId>)> = keys
            .range::<[u8], _>((Bound::Included(prefix.as_slice()), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, &writer)| (&**key, writer))
            .collect();
        if matching.is_empty() {
            continue;
        }
        for record in records.values() {
            let skips_own = record.tracking.has(tracking_flag::NOLOOP);
            let told: Vec<&[u8]> = matching
                .iter()
                .filter(|(_, writer)| !(skips_own && *writer == Some(record.id)))
                .map(|&(key, _)| key)
                .collect();
            if !told.is_empty() {
                deliver_invalidation(server, record, Some(&told), None, None);
            }
        }
    }
}

/// Tells a client that keys are not what it has read; `None` for all keys.
fn send(
    server: &Server,
    record: &Arc<ClientRecord>,
    keys: Option<&[&[u8]]>,
    actor: Option<Actor>,
    bench: &mut Bench,
) {
    deliver_invalidation(server, record, keys, actor, Some(&mut bench.own));
}

/// As [`send`]; `own` takes what goes to the running command's client although another has read the key.
fn deliver_invalidation(
    server: &Server,
    record: &Arc<ClientRecord>,
    keys: Option<&[&[u8]]>,
    actor: Option<Actor>,
    own: Option<&mut OwnMessages>,
) {
    let redirect = record.tracking.redirect();
    let redirected;
    let target = if redirect == 0 {
        record
    } else {
        let gone = |target: &Arc<ClientRecord>| target.close_asap.load(Ordering::Relaxed);
        match server.clients.get(redirect).filter(|target| !gone(target)) {
            Some(target) => {
                redirected = target;
                &redirected
            }
            None => {
                record.tracking.set(tracking_flag::BROKEN_REDIRECT);
                if record.protocol() == Protocol::Resp3 {
                    deliver(server, record, broken_redirect(redirect), actor);
                }
                return;
            }
        }
    };
    let Some(message) = invalidation(target, redirect != 0, keys) else {
        return;
    };
    match own {
        Some(own) if own.client == Some(target.id) && target.id != record.id => {
            own.messages.push(message);
        }
        _ => deliver(server, target, message, actor),
    }
}

/// Hands a message to a client; if it is the one whose command is running, after the reply.
fn deliver(server: &Server, target: &ClientRecord, message: Arc<[u8]>, actor: Option<Actor>) {
    if actor.is_some_and(|actor| actor.id == target.id) {
        target.tracking.add_pending(message);
    } else {
        let place = target.place();
        server.hub.send_to(place, Mail::Output(place, message));
    }
}

/// Encodes an invalidation for a client that can be told: in RESP2 only one that listens for others.
fn invalidation(
    target: &ClientRecord,
    is_redirected: bool,
    keys: Option<&[&[u8]]>,
) -> Option<Arc<[u8]>> {
    let protocol = target.protocol();
    let mut out = Vec::new();
    let mut writer = RespWriter::new(&mut out, protocol);
    if protocol == Protocol::Resp3 {
        writer.push(2);
        writer.bulk(b"invalidate");
    } else if is_redirected && target.is_subscriber() {
        writer.array(3);
        writer.bulk(b"message");
        writer.bulk(CHANNEL);
    } else {
        return None;
    }
    match keys {
        None => writer.null(),
        Some(keys) => {
            writer.array(keys.len());
            for key in keys {
                writer.bulk(key);
            }
        }
    }
    Some(out.into())
}

fn broken_redirect(redirect: ClientId) -> Arc<[u8]> {
    let mut out = Vec::new();
    let mut writer = RespWriter::new(&mut out, Protocol::Resp3);
    writer.push(2);
    writer.bulk(b"tracking-redir-broken");
    writer.integer(redirect as i64);
    out.into()
}
