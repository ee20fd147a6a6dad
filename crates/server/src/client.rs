//! Clients: what the server knows of each connection, and the registry of all of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};
use resp::Protocol;
use types::Bytes;

use crate::debugging::DebugMode;
use crate::net::Address;
use crate::road::lookup;
use crate::tracking::{ClientTracking, tracking_flag};
use crate::transaction::Transaction;

/// A connection's number; never used twice in one process.
pub(crate) type ClientId = u64;

/// The part of a client that other threads may look at (CLIENT LIST, CLIENT KILL).
#[derive(Debug)]
pub(crate) struct ClientRecord {
    pub(crate) id: ClientId,
    /// Where messages to it go: the event loop in the upper half, the slot there in the lower one.
    place: AtomicU64,
    pub(crate) address: String,
    pub(crate) local_address: String,
    pub(crate) connected_ms: i64,
    pub(crate) name: Mutex<Vec<u8>>,
    pub(crate) library: Mutex<(Vec<u8>, Vec<u8>)>,
    pub(crate) database: AtomicUsize,
    pub(crate) protocol: AtomicU32,
    pub(crate) last_interaction_ms: AtomicI64,
    /// The number of the last command's entry, or `usize::MAX`.
    pub(crate) last_command: AtomicUsize,
    pub(crate) channels: AtomicUsize,
    pub(crate) patterns: AtomicUsize,
    pub(crate) shard_channels: AtomicUsize,
    /// Commands queued by MULTI, -1 outside.
    pub(crate) queued: AtomicI64,
    /// Bytes of their arguments.
    pub(crate) queued_bytes: AtomicUsize,
    pub(crate) watched: AtomicUsize,
    pub(crate) query_bytes: AtomicUsize,
    pub(crate) output_bytes: AtomicUsize,
    pub(crate) argument_bytes: AtomicUsize,
    pub(crate) is_blocked: AtomicBool,
    pub(crate) is_monitor: AtomicBool,
    pub(crate) is_unix: bool,
    is_local: bool,
    descriptor: i32,
    pub(crate) no_evict: AtomicBool,
    pub(crate) no_touch: AtomicBool,
    pub(crate) close_asap: AtomicBool,
    pub(crate) tracking: ClientTracking,
}

impl ClientRecord {
    /// A client that has just connected.
    pub(crate) fn new(
        place: Address,
        peer: Option<SocketAddr>,
        local: Option<SocketAddr>,
        descriptor: i32,
        unix_path: &str,
        now_ms: i64,
    ) -> ClientRecord {
        let is_unix = peer.is_none();
        let address = |address: Option<SocketAddr>| match address {
            Some(address) => address.to_string(),
            None => format!("{unix_path}:0"),
        };
        ClientRecord {
            id: place.id,
            place: AtomicU64::new(packed(place)),
            address: address(peer),
            local_address: address(local),
            connected_ms: now_ms,
            name: Mutex::default(),
            library: Mutex::default(),
            database: AtomicUsize::new(0),
            protocol: AtomicU32::new(2),
            last_interaction_ms: AtomicI64::new(now_ms),
            last_command: AtomicUsize::new(usize::MAX),
            channels: AtomicUsize::new(0),
            patterns: AtomicUsize::new(0),
            shard_channels: AtomicUsize::new(0),
            queued: AtomicI64::new(-1),
            queued_bytes: AtomicUsize::new(0),
            watched: AtomicUsize::new(0),
            query_bytes: AtomicUsize::new(0),
            output_bytes: AtomicUsize::new(0),
            argument_bytes: AtomicUsize::new(0),
            is_blocked: AtomicBool::new(false),
            is_monitor: AtomicBool::new(false),
            is_unix,
            is_local: peer.is_none_or(|peer| peer.ip().to_canonical().is_loopback()),
            descriptor,
            no_evict: AtomicBool::new(false),
            no_touch: AtomicBool::new(false),
            close_asap: AtomicBool::new(false),
            tracking: ClientTracking::default(),
        }
    }

    /// Where messages to it go. A connection that has moved meanwhile gets them all the same.
    pub(crate) fn place(&self) -> Address {
        let packed = self.place.load(Ordering::Acquire);
        Address {
            id: self.id,
            worker: (packed >> 32) as u16,
            slot: packed as u32,
        }
    }

    /// Its connection moves, or has arrived.
    pub(crate) fn set_place(&self, place: Address) {
        self.place.store(packed(place), Ordering::Release);
    }

    /// Whether the client is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Whether the client has any subscription, which makes it a pub/sub client.
    pub(crate) fn is_subscriber(&self) -> bool {
        self.channels.load(Ordering::Relaxed)
            + self.patterns.load(Ordering::Relaxed)
            + self.shard_channels.load(Ordering::Relaxed)
            > 0
    }

    /// The protocol in which the client is spoken to.
    pub(crate) fn protocol(&self) -> Protocol {
        if self.protocol.load(Ordering::Relaxed) == 3 {
            Protocol::Resp3
        } else {
            Protocol::Resp2
        }
    }

    /// Bytes the client takes, with its buffers.
    pub(crate) fn memory(&self) -> usize {
        let query = self.query_bytes.load(Ordering::Relaxed);
        let output = self.output_bytes.load(Ordering::Relaxed);
        query + output + size_of::<ClientRecord>()
    }

    /// The client's line in CLIENT LIST.
    pub(crate) fn line(&self, now_ms: i64) -> Vec<u8> {
        let mut flags = String::new();
        if self.is_monitor.load(Ordering::Relaxed) {
            flags.push('O');
        }
        if self.is_subscriber() {
            flags.push('P');
        }
        if self.queued.load(Ordering::Relaxed) >= 0 {
            flags.push('x');
        }
        if self.is_blocked.load(Ordering::Relaxed) {
            flags.push('b');
        }
        for (flag, letter) in [
            (tracking_flag::ON, 't'),
            (tracking_flag::BROKEN_REDIRECT, 'R'),
            (tracking_flag::BCAST, 'B'),
        ] {
            if self.tracking.has(flag) {
                flags.push(letter);
            }
        }
        if self.close_asap.load(Ordering::Relaxed) {
            flags.push('A');
        }
        if self.is_unix {
            flags.push('U');
        }
        if self.no_evict.load(Ordering::Relaxed) {
            flags.push('e');
        }
        if self.no_touch.load(Ordering::Relaxed) {
            flags.push('T');
        }
        if flags.is_empty() {
            flags.push('N');
        }
        let last_command = self.last_command.load(Ordering::Relaxed);
        let command = match lookup::entries().get(last_command) {
            Some(entry) => entry.full_name(),
            None => "NULL".to_owned(),
        };
        let age = (now_ms - self.connected_ms) / 1000;
        let idle = (now_ms - self.last_interaction_ms.load(Ordering::Relaxed)).max(0) / 1000;
        let query = self.query_bytes.load(Ordering::Relaxed);
        let output = self.output_bytes.load(Ordering::Relaxed);
        let mut line = format!(
            "id={} addr={} laddr={} fd={} name=",
            self.id, self.address, self.local_address, self.descriptor
        )
        .into_bytes();
        line.extend_from_slice(&self.name.lock());
        line.extend_from_slice(
            format!(
                " age={age} idle={idle} flags={flags} db={} sub={} psub={} ssub={} multi={} \
                 qbuf={query} qbuf-free=0 argv-mem={} multi-mem={} rbs=16384 rbp=16384 obl={output} oll=0 omem=0 \
                 tot-mem={} events=r cmd={command} user=default redir={} resp={}",
                self.database.load(Ordering::Relaxed),
                self.channels.load(Ordering::Relaxed),
                self.patterns.load(Ordering::Relaxed),
                self.shard_channels.load(Ordering::Relaxed),
                self.queued.load(Ordering::Relaxed),
                self.argument_bytes.load(Ordering::Relaxed),
                self.queued_bytes.load(Ordering::Relaxed),
                self.memory(),
                self.tracking.shown_redirect(),
                self.protocol.load(Ordering::Relaxed),
            )
            .as_bytes(),
        );
        let library = self.library.lock();
        if !library.0.is_empty() || !library.1.is_empty() {
            line.extend_from_slice(b" lib-name=");
            line.extend_from_slice(&library.0);
            line.extend_from_slice(b" lib-ver=");
            line.extend_from_slice(&library.1);
        }
        line
    }
}

fn packed(place: Address) -> u64 {
    u64::from(place.worker) << 32 | u64::from(place.slot)
}

/// How CLIENT REPLY lets replies through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReplyMode {
    /// All replies.
    #[default]
    On,
    /// None.
    Off,
    /// Not the next one: it is that of CLIENT REPLY SKIP itself.
    SkipNext,
    /// Not this one.
    Skip,
}

/// A client as its own thread sees it: the state commands act on. A script has one of its own.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) record: Arc<ClientRecord>,
    pub(crate) database: usize,
    pub(crate) protocol: Protocol,
    pub(crate) reply_mode: ReplyMode,
    pub(crate) authenticated: bool,
    pub(crate) no_touch: bool,
    pub(crate) transaction: Transaction,
    pub(crate) channels: Vec<Vec<u8>>,
    pub(crate) patterns: Vec<Vec<u8>>,
    pub(crate) shard_channels: Vec<Vec<u8>>,
    /// What is shown of the caller instead of its address: `lua` for a script.
    pub(crate) is_script: bool,
    /// The keys that the running script was called with, if the caller tracks what it reads.
    pub(crate) declared_keys: Vec<Bytes>,
    /// Its scripts are debugged: SCRIPT DEBUG.
    pub(crate) debugging: Option<DebugMode>,
}

impl Client {
    pub(crate) fn new(record: Arc<ClientRecord>, authenticated: bool) -> Client {
        Client {
            record,
            database: 0,
            protocol: Protocol::Resp2,
            reply_mode: ReplyMode::On,
            authenticated,
            no_touch: false,
            transaction: Transaction::default(),
            channels: Vec::new(),
            patterns: Vec::new(),
            shard_channels: Vec::new(),
            is_script: false,
            declared_keys: Vec::new(),
            debugging: None,
        }
    }

    /// The client as which a script's commands run: its own database, the caller's identity.
    pub(crate) fn for_script(caller: &Client) -> Client {
        Client {
            protocol: Protocol::Resp2,
            is_script: true,
            ..caller.shadow()
        }
    }

    /// Makes this client, as which another script's commands ran, serve a script of `caller`'s.
    pub(crate) fn serve_script_of(&mut self, caller: &Client) {
        let is_caller = Arc::ptr_eq(&self.record, &caller.record);
        if !is_caller || self.transaction.is_in_use() || self.is_subscriber() {
            *self = Client::for_script(caller);
            return;
        }
        self.protocol = Protocol::Resp2;
        self.database = caller.database;
        self.reply_mode = ReplyMode::On;
        self.authenticated = caller.authenticated;
        self.no_touch = caller.no_touch;
    }

    /// The client as which a command of its runs on another thread: without transaction and subscriptions.
    pub(crate) fn shadow(&self) -> Client {
        Client {
            record: Arc::clone(&self.record),
            database: self.database,
            protocol: self.protocol,
            reply_mode: ReplyMode::On,
            authenticated: self.authenticated,
            no_touch: self.no_touch,
            transaction: Transaction::default(),
            channels: Vec::new(),
            patterns: Vec::new(),
            shard_channels: Vec::new(),
            is_script: false,
            declared_keys: Vec::new(),
            debugging: None,
        }
    }

    pub(crate) fn id(&self) -> ClientId {
        self.record.id
    }

    pub(crate) fn select(&mut self, database: usize) {
        self.database = database;
        if !self.is_script {
            self.record.database.store(database, Ordering::Relaxed);
        }
    }

    pub(crate) fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.record
            .protocol
            .store(protocol.number() as u32, Ordering::Relaxed);
    }

    pub(crate) fn is_subscriber(&self) -> bool {
        !(self.channels.is_empty() && self.patterns.is_empty() && self.shard_channels.is_empty())
    }

    /// Whether nothing of its event loop's refers to it, so that another one may serve it from now on.
    pub(crate) fn may_move(&self) -> bool {
        !self.is_subscriber()
            && !self.transaction.is_in_use()
            && self.debugging.is_none()
            && !self.record.is_monitor.load(Ordering::Relaxed)
            && !self.record.tracking.has(tracking_flag::ON)
    }
}

/// All clients of all event loops.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    records: RwLock<BTreeMap<ClientId, Arc<ClientRecord>>>,
    /// Those on their way from one event loop to another.
    moving: Mutex<BTreeMap<ClientId, Client>>,
}

impl Clients {
    pub(crate) fn add(&self, record: &Arc<ClientRecord>) {
        self.records.write().insert(record.id, Arc::clone(record));
    }

    pub(crate) fn remove(&self, id: ClientId) {
        self.records.write().remove(&id);
    }

    pub(crate) fn get(&self, id: ClientId) -> Option<Arc<ClientRecord>> {
        self.records.read().get(&id).cloned()
    }

    /// Keeps a client until its connection arrives at another event loop.
    pub(crate) fn send_off(&self, client: Client) {
        self.moving.lock().insert(client.id(), client);
    }

    /// The client of a connection that has arrived.
    pub(crate) fn welcome(&self, id: ClientId) -> Option<Client> {
        self.moving.lock().remove(&id)
    }

    pub(crate) fn all(&self) -> Vec<Arc<ClientRecord>> {
        self.records.read().values().cloned().collect()
    }
}
