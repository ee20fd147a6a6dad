//! Blocked clients: who waits for which keys, and how they are served.
//!
//! A client whose command found nothing is queued at its keys (in the keyspace, under their shards' locks) and its
//! command is kept here. Whoever brings a key into being serves the clients that wait for it, the longest waiting
//! first, before it releases the key's lock: so nobody can slip in between, and no client is served twice, since only
//! the one who takes the command out of this registry may answer it.

use std::sync::atomic::{AtomicU64, Ordering};

use commands::BlockRequest;
use hashbrown::HashMap;
use keyspace::{LockPlan, ReadyKey, Unit, WaiterId};
use parking_lot::Mutex;
use resp::RespWriter;
use types::Bytes;

use crate::client::{Client, ClientId};
use crate::message::{Message, OnTimeout};
use crate::net::{Address, Mail};
use crate::road::lookup::Entry;
use crate::road::run::{Bench, Call, Next, run};
use crate::road::{Origin, settle};
use crate::server::Server;
use crate::transaction::OwnedArgs;

/// A command that waits.
#[derive(Debug)]
pub(crate) struct Blocked {
    pub(crate) entry: &'static Entry,
    pub(crate) args: OwnedArgs,
    pub(crate) keys: Vec<Bytes>,
    pub(crate) plan: LockPlan,
    /// The client, as which the command runs when it is served.
    pub(crate) client: Client,
}

impl Blocked {
    /// A command that waits for nothing but time.
    pub(crate) fn without_keys(client: &Client, entry: &'static Entry) -> Blocked {
        Blocked {
            entry,
            args: Vec::new(),
            keys: Vec::new(),
            plan: LockPlan::None,
            client: client.shadow(),
        }
    }
}

/// All waiting commands.
#[derive(Debug, Default)]
pub(crate) struct BlockedClients {
    next_waiter: AtomicU64,
    blocked: Mutex<HashMap<WaiterId, Blocked>>,
}

impl BlockedClients {
    /// A number for a new wait.
    pub(crate) fn new_waiter(&self) -> WaiterId {
        WaiterId(self.next_waiter.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn add(&self, waiter: WaiterId, blocked: Blocked) {
        self.blocked.lock().insert(waiter, blocked);
    }

    /// The wait of a client, and where the client is.
    pub(crate) fn waiter_of(&self, client: ClientId) -> Option<(WaiterId, Address)> {
        self.blocked
            .lock()
            .iter()
            .find(|(_, blocked)| blocked.client.id() == client)
            .map(|(&waiter, blocked)| (waiter, blocked.client.record.place()))
    }

    /// Takes a wait out. Only who gets it may answer the client.
    pub(crate) fn claim(&self, waiter: WaiterId) -> Option<Blocked> {
        self.blocked.lock().remove(&waiter)
    }
}

/// Queues a command at its keys. The unit holds their locks.
pub(crate) fn enqueue(
    server: &Server,
    unit: &mut Unit<'static>,
    client: &Client,
    entry: &'static Entry,
    args: &[&[u8]],
    request: &BlockRequest,
) -> WaiterId {
    let waiter = server.blocked.new_waiter();
    let keys: Vec<Bytes> = args[request.keys.clone()]
        .iter()
        .map(|&key| Bytes::from(key))
        .collect();
    unit.select(client.database);
    for key in &keys {
        unit.wait_for(key, waiter);
    }
    server.blocked.add(
        waiter,
        Blocked {
            entry,
            args: args.iter().map(|&argument| Bytes::from(argument)).collect(),
            keys,
            plan: commands::keys::lock_plan(entry.command, args),
            client: client.shadow(),
        },
    );
    waiter
}

/// Takes a wait that is over out of its keys' queues. The unit holds their locks.
pub(crate) fn dequeue(unit: &mut Unit<'static>, database: usize, keys: &[Bytes], waiter: WaiterId) {
    for key in keys {
        unit.stop_waiting(database, key, waiter);
    }
}

/// Serves those who wait for a key that has come into being.
pub(crate) fn serve(
    server: &'static Server,
    bench: &mut Bench,
    unit: &mut Unit<'static>,
    ready: &ReadyKey,
) {
    for waiter in unit.waiters(ready.database, &ready.key) {
        unit.select(ready.database);
        if !unit.exists(&ready.key) {
            return;
        }
        let Some(mut blocked) = server.blocked.claim(waiter) else {
            // Served or gone already; its place in the queue is the last of it.
            unit.stop_waiting(ready.database, &ready.key, waiter);
            continue;
        };
        let place = blocked.client.record.place();
        if !unit.try_extend(&blocked.plan) {
            server.blocked.add(waiter, blocked);
            server
                .hub
                .send_to(place, Mail::To(place, Message::Retry { waiter }));
            continue;
        }
        let mut reply = Vec::new();
        let protocol = blocked.client.protocol;
        let args: Vec<&[u8]> = blocked.args.iter().map(|argument| &**argument).collect();
        let started = bench.clock.tick();
        let next = run(Call {
            server,
            bench,
            client: &mut blocked.client,
            entry: blocked.entry,
            args: &args,
            unit,
            reply: &mut RespWriter::new(&mut reply, protocol),
            origin: Origin::Client,
            woken_by: Some(&ready.key),
            next: Next::Done,
        });
        if let Next::Block(_) = next {
            server.blocked.add(waiter, blocked);
            continue;
        }
        let took = bench.clock.tick().since(started);
        bench.stats.command_went_on(blocked.entry.index, took);
        dequeue(unit, ready.database, &blocked.keys, waiter);
        let closes = matches!(next, Next::Close);
        let message = Message::Served {
            waiter,
            reply,
            closes,
        };
        server.hub.send_to(place, Mail::To(place, message));
        settle::settle_command(server, bench, unit);
        for message in blocked.client.record.tracking.take_pending() {
            server.hub.send_to(place, Mail::Output(place, message));
        }
    }
}

/// What a client that gave up waiting is answered with.
pub(crate) fn timeout_reply(on_timeout: OnTimeout, reply: &mut dyn resp::Reply) {
    match on_timeout {
        OnTimeout::NullArray => reply.null_array(),
        OnTimeout::Integer(value) => reply.integer(value),
    }
}
