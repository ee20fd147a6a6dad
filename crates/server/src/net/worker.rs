//! The loop of one worker thread.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use slab::Slab;

use super::balance::{Advice, Balance, Turn};
use super::buffer::{QueryBuffer, READ_SIZE};
use super::connection::{Address, Closing, Connection};
use super::hub::{Hub, LISTENING, Mail, NewConnection};
use super::listener::Listener;
use super::poller::{Poller, Ready};
use super::service::{Context, Opened, Service, Wait};
use super::stream::Stream;
use crate::config::enums::LogLevel;
use crate::config::{ConfigStore, ConfigView};
use crate::log::Log;

/// Connections accepted in one turn before others are served.
const ACCEPTS: usize = 1000;
/// Bytes read from one connection in one turn while a large argument is arriving.
const READ_TURN: usize = 1024 * 1024;
/// Output buffers kept for reuse, and the largest one that is kept.
const POOL: usize = 64;
const POOL_BUFFER: usize = 64 * 1024;
/// So many events a turn are few: the loop is about to go to sleep.
const FEW: usize = 4;
/// How often idle connections and soft limits are looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

pub(super) struct Worker<S: Service> {
    pub(super) connections: Slab<Connection<S::Session>>,
    pub(super) service: S,
    pub(super) links: Links<S::Mail>,
    pub(super) poller: Poller,
    pub(super) listeners: Vec<Listener>,
    /// Some listener may have more connections than were accepted.
    pub(super) accept_again: bool,
    pub(super) ready: Vec<Ready>,
    mail: Vec<Mail<S::Mail>>,
    /// Mail for connections that are on their way here.
    pub(super) early: Vec<Mail<S::Mail>>,
    balance: Option<Balance>,
    /// Bytes received in this turn.
    received: usize,
    /// Connections with output to write.
    pub(super) dirty: Vec<usize>,
    /// Connections that run again in the next turn.
    again: Vec<usize>,
    pub(super) spare_query: Option<QueryBuffer>,
    spare_out: Vec<Vec<u8>>,
    next_cron: Instant,
    next_housekeeping: Instant,
    stopping: bool,
}

/// What contexts are made of.
pub(super) struct Links<M> {
    pub(super) index: usize,
    pub(super) hub: Arc<Hub<M>>,
    pub(super) config: ConfigView,
    pub(super) log: Arc<Log>,
    /// Mail of this worker to itself.
    pub(super) own: VecDeque<Mail<M>>,
    pub(super) now: Instant,
}

impl<M> Links<M> {
    pub(super) fn context(&mut self) -> Context<'_, M> {
        Context {
            now: self.now,
            worker: self.index,
            config: &self.config,
            log: &self.log,
            hub: &self.hub,
            own: &mut self.own,
        }
    }
}

impl<S: Service> Worker<S> {
    pub(super) fn new(
        index: usize,
        hub: Arc<Hub<S::Mail>>,
        config: Arc<ConfigStore>,
        log: Arc<Log>,
        poller: Poller,
        listeners: Vec<Listener>,
        service: S,
    ) -> Self {
        let now = Instant::now();
        let config = ConfigView::new(config);
        let balance = Balance::new(index, hub.workers(), now);
        let links = Links {
            index,
            hub,
            config,
            log,
            own: VecDeque::new(),
            now,
        };
        let mut worker = Worker {
            connections: Slab::new(),
            service,
            links,
            poller,
            listeners: Vec::new(),
            accept_again: false,
            ready: Vec::new(),
            mail: Vec::new(),
            early: Vec::new(),
            balance,
            received: 0,
            dirty: Vec::new(),
            again: Vec::new(),
            spare_query: None,
            spare_out: Vec::new(),
            next_cron: now,
            next_housekeeping: now + HOUSEKEEPING,
            stopping: false,
        };
        worker.listen(listeners);
        worker
    }

    /// Turns until it is told to stop.
    pub(super) fn run(mut self) {
        let mut wait = Wait::Idle;
        while !self.stopping {
            let timeout = self.timeout(wait);
            let served = self.ready.len();
            self.ready.clear();
            if let Err(error) = self.wait(timeout, served) {
                self.links
                    .log
                    .warning(format_args!("Waiting for events failed: {error}"));
                break;
            }
            self.links.now = Instant::now();
            wait = self.turn();
        }
        self.end();
    }

    /// Waits for events. After a turn with more than a few there mostly are more, found without being put to sleep and woken,
    /// which costs more than a small request does.
    fn wait(&mut self, timeout: Option<Duration>, served: usize) -> io::Result<()> {
        if served > FEW && timeout != Some(Duration::ZERO) {
            self.poller.wait(Some(Duration::ZERO), &mut self.ready)?;
            if !self.ready.is_empty() {
                return Ok(());
            }
        }
        self.poller.wait(timeout, &mut self.ready)
    }

    fn timeout(&self, wait: Wait) -> Option<Duration> {
        if wait == Wait::No
            || self.accept_again
            || !self.again.is_empty()
            || !self.links.own.is_empty()
            || !self.dirty.is_empty()
        {
            return Some(Duration::ZERO);
        }
        let mut due = self.next_cron.min(self.next_housekeeping);
        if let Wait::Until(time) | Wait::ForOthers(time) = wait {
            due = due.min(time);
        }
        // Timers of the system have a resolution of a millisecond; rounding down would spin.
        let rest = due.saturating_duration_since(Instant::now());
        Some(if rest.is_zero() {
            rest
        } else {
            rest.max(Duration::from_micros(100))
        })
    }

    fn turn(&mut self) -> Wait {
        if self.links.config.refresh() {
            self.service.on_config(&mut self.links.context());
        }
        // What others have told before a client sent its request comes before the answer to that request.
        self.read_mail();
        let again = std::mem::take(&mut self.again);
        let ready = std::mem::take(&mut self.ready);
        for event in &ready {
            match *event {
                Ready::Listener(number) => self.accept(number),
                Ready::Connection {
                    slot,
                    readable,
                    writable,
                    ended,
                } => {
                    let Some(connection) = self.connections.get_mut(slot) else {
                        continue;
                    };
                    connection.ended |= ended;
                    if writable && connection.blocked {
                        connection.blocked = false;
                        self.mark_dirty(slot);
                    }
                    if readable || ended {
                        self.serve(slot, true);
                    }
                }
            }
            self.read_own_mail();
        }
        self.ready = ready;
        for slot in again {
            if let Some(connection) = self.connections.get_mut(slot) {
                connection.queued = false;
                let read = std::mem::take(&mut connection.unread_input);
                self.serve(slot, read);
                self.read_own_mail();
            }
        }
        if self.accept_again {
            self.accept_again = false;
            (0..self.listeners.len()).for_each(|number| self.accept(number));
        }
        self.read_mail();
        if self.links.now >= self.next_cron {
            self.service.on_cron(&mut self.links.context());
            let hz = self.links.config.hz.max(1);
            self.next_cron = self.links.now + Duration::from_millis(u64::from(1000 / hz).max(1));
        }
        let wait = self.service.on_turn(&mut self.links.context());
        self.read_own_mail();
        if self.links.now >= self.next_housekeeping {
            self.next_housekeeping = self.links.now + HOUSEKEEPING;
            self.keep_house();
        }
        if !self.dirty.is_empty() {
            self.service.before_write(&mut self.links.context());
            self.write_all();
        }
        self.balance(wait);
        wait
    }

    /// Gives connections to another worker if that had better serve them.
    fn balance(&mut self, wait: Wait) {
        let now = self.links.now;
        let Some(balance) = &mut self.balance else {
            return;
        };
        let turn = Turn {
            events: self.ready.len(),
            received: std::mem::take(&mut self.received),
            waited_for_others: matches!(wait, Wait::ForOthers(_)),
            long_work: wait == Wait::No,
        };
        if !balance.is_due(turn, now) {
            return;
        }
        let hub = &self.links.hub;
        let may_gather = self.links.config.io_threads_gather;
        let connections = |worker| hub.count(worker).load(Ordering::Relaxed);
        match balance.advise(&hub.loads, connections, may_gather, turn.long_work, now) {
            Advice::Stay => {}
            Advice::Give { connections, to } => self.give(connections, to),
            Advice::TakeBack { connections, from } => {
                hub.send(from, Mail::Give(connections, self.links.index));
            }
        }
    }

    fn read_mail(&mut self) {
        let mut mail = std::mem::take(&mut self.mail);
        self.links.hub.collect(self.links.index, &mut mail);
        for letter in mail.drain(..) {
            self.read(letter);
            self.read_own_mail();
        }
        self.mail = mail;
    }

    pub(super) fn read_own_mail(&mut self) {
        while let Some(letter) = self.links.own.pop_front() {
            self.read(letter);
        }
    }

    fn find(&self, address: Address) -> Option<usize> {
        let slot = usize::try_from(address.slot).ok()?;
        self.connections
            .get(slot)
            .filter(|connection| connection.id() == address.id)
            .map(|_| slot)
    }

    fn read(&mut self, letter: Mail<S::Mail>) {
        let letter = match letter.addressee() {
            Some(address) if self.find(address).is_none() => match self.pass_on(address, letter) {
                Some(letter) => letter,
                None => return,
            },
            _ => letter,
        };
        match letter {
            Mail::Connection(new) => self.open(new),
            Mail::Moved(moved) => self.arrive(moved),
            Mail::Give(connections, to) => self.give(connections, to),
            Mail::Output(address, bytes) => {
                let Some(slot) = self.find(address) else {
                    return;
                };
                self.lend_output(slot);
                let connection = &mut self.connections[slot];
                if connection.closing == Closing::Open {
                    connection.out.extend_from_slice(&bytes);
                }
                self.after(slot);
            }
            Mail::Resume(address) => {
                let Some(slot) = self.find(address) else {
                    return;
                };
                self.lend_output(slot);
                let connection = &mut self.connections[slot];
                if connection.closing == Closing::Open {
                    self.service
                        .on_resume(connection, &mut self.links.context());
                }
                self.after(slot);
            }
            Mail::To(address, mail) => {
                let Some(slot) = self.find(address) else {
                    self.service
                        .on_lost(address, mail, &mut self.links.context());
                    return;
                };
                self.lend_output(slot);
                let connection = &mut self.connections[slot];
                self.service
                    .on_mail(connection, mail, &mut self.links.context());
                self.after(slot);
            }
            Mail::Post(mail) => self.service.on_post(mail, &mut self.links.context()),
            Mail::Close(address, after_output) => {
                let Some(slot) = self.find(address) else {
                    return;
                };
                let closing = if after_output {
                    Closing::AfterOutput
                } else {
                    Closing::Now
                };
                let connection = &mut self.connections[slot];
                connection.closing = connection.closing.max(closing);
                self.after(slot);
            }
            Mail::Listen(listeners) => self.listen(listeners),
            Mail::Stop => {
                self.listeners.clear();
                if self.links.index == LISTENING {
                    self.links.hub.stop_others();
                }
                self.stopping = true;
            }
        }
    }

    fn listen(&mut self, listeners: Vec<Listener>) {
        self.listeners
            .retain(|listener| matches!(listener, Listener::Unix(..)));
        self.listeners
            .iter_mut()
            .for_each(|listener| self.poller.remove_listener(listener));
        self.listeners.extend(listeners);
        for (number, listener) in self.listeners.iter_mut().enumerate() {
            if let Err(error) = self.poller.add_listener(listener, number) {
                self.links
                    .log
                    .warning(format_args!("Cannot watch a listening socket: {error}"));
            }
        }
        self.accept_again = !self.listeners.is_empty();
    }

    fn accept(&mut self, number: usize) {
        for _ in 0..ACCEPTS {
            let Some(listener) = self.listeners.get(number) else {
                return;
            };
            match listener.accept() {
                Ok(Some(stream)) => self.place(stream),
                Ok(None) => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                // CONFIG SET has closed the port; others take this listener's place.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
                Err(error) => {
                    // Out of descriptors: those who wait are tried again with the housekeeping.
                    self.links
                        .log
                        .warning(format_args!("Accepting client connection: accept: {error}"));
                    return;
                }
            }
        }
        self.accept_again = true;
    }

    /// Finds a worker for a new connection.
    fn place(&mut self, mut stream: Stream) {
        let hub = &self.links.hub;
        if hub.connections() >= usize::try_from(self.links.config.maxclients).unwrap_or(usize::MAX)
        {
            // There is no second try: who is turned away may also miss the reason.
            let _ = stream.write(b"-ERR max number of clients reached\r\n");
            self.service.on_refused();
            return;
        }
        let worker = hub.least_busy();
        hub.count(worker).fetch_add(1, Ordering::Relaxed);
        let id = hub.next_id();
        stream.tune(self.links.config.tcp_keepalive);
        self.links
            .context()
            .send(worker, Mail::Connection(NewConnection { stream, id }));
    }

    fn open(&mut self, new: NewConnection) {
        let NewConnection { mut stream, id } = new;
        let slot = self.connections.vacant_key();
        let address = self.address(id, slot);
        if let Err(error) = self.poller.add(&mut stream, slot) {
            self.links
                .log
                .warning(format_args!("Cannot watch a client connection: {error}"));
            self.links
                .hub
                .count(self.links.index)
                .fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let (peer, local) = (stream.peer(), stream.local());
        let opened = Opened {
            address,
            peer,
            local,
            descriptor: stream.descriptor(),
        };
        let session = self.service.on_open(&opened, &mut self.links.context());
        match peer {
            Some(peer) => self.links.log.verbose(format_args!("Accepted {peer}")),
            None => self
                .links
                .log
                .verbose(format_args!("Accepted connection to the Unix socket")),
        }
        let connection = Connection::new(stream, address, session, self.links.now);
        self.connections.insert(connection);
    }

    /// The name of a connection served here.
    pub(super) fn address(&self, id: u64, slot: usize) -> Address {
        Address {
            id,
            worker: u16::try_from(self.links.index).unwrap_or(u16::MAX),
            slot: u32::try_from(slot).unwrap_or(u32::MAX),
        }
    }

    /// Reads what has arrived and lets the service have it.
    fn serve(&mut self, slot: usize, read: bool) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.is_closing() {
            if connection.ended
                && connection.closing == Closing::AfterOutput
                && connection.unsent() == 0
            {
                connection.closing = Closing::Now;
            }
            self.after(slot);
            return;
        }
        if connection.query.size() == 0 {
            let spare = self.spare_query.take();
            connection.query = spare.unwrap_or_else(|| QueryBuffer::with_size(READ_SIZE));
        }
        let mut over = false;
        if read {
            connection.last_input = self.links.now;
            let had = connection.query.len();
            over = receive(connection);
            let bytes = connection.query.len() - had;
            self.received += bytes;
            if bytes > 0 {
                self.service.on_received(bytes);
            }
            if connection.query.len() as u64 > self.links.config.client_query_buffer_limit {
                let line = self.service.describe(connection);
                self.links.log.warning(format_args!(
                    "Closing client that reached max query buffer length: {line} (qbuf initial bytes: {:?})",
                    String::from_utf8_lossy(&connection.query.unread()[..64.min(connection.query.len())])
                ));
                connection.close_now();
                self.after(slot);
                return;
            }
        }
        self.lend_output(slot);
        let connection = &mut self.connections[slot];
        connection.again = false;
        self.service
            .on_readable(connection, &mut self.links.context());
        if over && connection.again {
            connection.unread_input = true;
        } else if over {
            // The other side is gone or sends no more: it gets what can still be sent.
            connection.close_after_output();
            if self.links.log.enabled(LogLevel::Verbose) {
                let line = self.service.describe(connection);
                let log = &self.links.log;
                log.verbose(format_args!("Client closed connection {line}"));
            }
        }
        self.after(slot);
    }

    /// Gives a connection an output buffer if it has none.
    fn lend_output(&mut self, slot: usize) {
        let connection = &mut self.connections[slot];
        if connection.out.capacity() == 0 {
            connection.out = self.spare_out.pop().unwrap_or_default();
        }
    }

    /// Puts a connection into the lists it belongs to after something happened to it.
    pub(super) fn after(&mut self, slot: usize) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        // The lent buffer goes back, unless there is enough unread to keep it.
        if connection.query.size() > 0 && connection.query.len() < READ_SIZE / 4 {
            if connection.query.size() == READ_SIZE && self.spare_query.is_none() {
                let rest = connection.query.split_unread();
                self.spare_query = Some(std::mem::replace(&mut connection.query, rest));
            } else if connection.query.is_empty() {
                connection.query = QueryBuffer::default();
            }
        }
        if (connection.again || connection.unread_input) && !connection.queued {
            connection.queued = true;
            self.again.push(slot);
        }
        if connection.unsent() > 0 || connection.is_closing() {
            self.mark_dirty(slot);
        } else if connection.out.capacity() > 0 {
            let out = std::mem::take(&mut connection.out);
            self.keep_output(out);
        }
    }

    pub(super) fn keep_output(&mut self, out: Vec<u8>) {
        if self.spare_out.len() < POOL && out.capacity() <= POOL_BUFFER {
            self.spare_out.push(out);
        }
    }

    fn mark_dirty(&mut self, slot: usize) {
        let connection = &mut self.connections[slot];
        if !connection.dirty {
            connection.dirty = true;
            self.dirty.push(slot);
        }
    }
}

/// Reads from the socket into the query buffer. True if the other side has ended or failed.
fn receive<T>(connection: &mut Connection<T>) -> bool {
    let mut total = 0;
    loop {
        let room = connection.query.room(connection.parser.needed());
        let size = room.len();
        match connection.stream.read(room) {
            Ok(0) => return true,
            Ok(count) => {
                connection.query.filled(count);
                total += count;
                // A read that does not fill the room has emptied the socket, but the end that was
                // reported with it is still to be read.
                if count < size && !connection.ended {
                    return false;
                }
                let more_of_a_large_one = connection.parser.needed() > connection.query.len();
                if !connection.ended && !more_of_a_large_one || total >= READ_TURN {
                    connection.unread_input = true;
                    return false;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return true,
        }
    }
}
