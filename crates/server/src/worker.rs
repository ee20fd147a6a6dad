//! One event loop's sessions: from bytes to requests, and back to whoever has to wait.
//!
//! A session whose request has to be run again (its locks were busy, or clients are paused) is *parked*: the request
//! stays in the query buffer and is tried again every turn. A session whose script has used up its slice is *running*:
//! every turn runs one more slice. A turn serves everybody else in between.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use commands::Random;
use keyspace::{LockPlan, Patience, WaiterId};
use resp::{Parse, Reply, RespWriter};
use smallvec::SmallVec;
use types::Bytes;

use crate::blocking;
use crate::client::{Client, ClientRecord, ReplyMode};
use crate::config::settings::ClientClass;
use crate::debug_command;
use crate::few_locks::Planning;
use crate::handlers;
use crate::look_ahead::LookAhead;
use crate::memory_report;
use crate::message::Message;
use crate::net::connection::OUTPUT_BATCH;
use crate::net::service::Opened;
use crate::net::{Address, Connection, Context, Mail, Service, Timers, Wait};
use crate::road::run::{Bench, refuse};
use crate::road::settle;
use crate::server::Server;
use crate::session::{Activity, Outcome, Session};
use crate::stats::{WorkerStats, add};
use crate::tracking;

/// How soon a request whose locks were busy is tried again, unless the holder tells before.
const RETRY: Duration = Duration::from_micros(200);

/// Keys one shard looks at in one go to expire them.
const EXPIRE_BATCH: usize = 200;

/// The sessions of one event loop.
pub(crate) struct Worker {
    server: &'static Server,
    bench: Bench,
    look_ahead: LookAhead,
    index: usize,
    /// Sessions whose script has more slices to run.
    running: Vec<Address>,
    /// Sessions whose request has to be run again.
    parked: Vec<Address>,
    /// Blocked commands that have to be run again.
    retries: Vec<(Address, WaiterId)>,
    /// Sessions whose client is gone while their script runs on.
    orphans: Vec<Session>,
    /// Places in queues of keys to be given up, when the keys' locks can be had.
    leftovers: Vec<Leftover>,
    timers: Timers<(Address, WaiterId)>,
    /// When rates were computed last, and the counts they came from: commands, bytes in, bytes out.
    last_counts: (Instant, [u64; 3]),
}

/// What a session that is gone has left under locks that were busy.
struct Leftover {
    database: usize,
    keys: Vec<Bytes>,
    waiter: Option<WaiterId>,
    client: Option<Client>,
}

impl Worker {
    /// Tells how often things have happened in the time since this was done last.
    fn compute_rates(&mut self, elapsed: Duration) {
        let rates = &self.server.rates;
        let counters: [fn(&WorkerStats) -> &AtomicU64; 3] = [
            |stats| &stats.commands,
            |stats| &stats.input_bytes,
            |stats| &stats.output_bytes,
        ];
        let shown = [&rates.commands, &rates.input_bytes, &rates.output_bytes];
        for ((counter, shown), last) in counters.iter().zip(shown).zip(&mut self.last_counts.1) {
            let counts = self.server.stats.iter().map(|stats| counter(stats));
            let total: u64 = counts.map(|count| count.load(Ordering::Relaxed)).sum();
            let rate = total.saturating_sub(*last) as f64 / elapsed.as_secs_f64();
            shown.store(rate as u64, Ordering::Relaxed);
            *last = total;
        }
    }

    pub(crate) fn new(server: &'static Server, index: usize) -> Worker {
        let config = server.config.current();
        Worker {
            server,
            bench: Bench::new(server, config, Random::new(server.seed(index)), index),
            look_ahead: LookAhead::default(),
            index,
            running: Vec::new(),
            parked: Vec::new(),
            retries: Vec::new(),
            orphans: Vec::new(),
            leftovers: Vec::new(),
            timers: Timers::default(),
            last_counts: (Instant::now(), [0; 3]),
        }
    }

    /// Runs requests until none is complete or the session has to wait.
    fn pump(&mut self, connection: &mut Connection<Session>) {
        self.bench.clock.tick();
        let record = Arc::clone(&connection.session.client.record);
        record
            .last_interaction_ms
            .store(self.bench.clock.unix_ms(), Ordering::Relaxed);
        self.look_ahead.restart();
        loop {
            if connection.is_closing() {
                break;
            }
            if connection.out.len() > OUTPUT_BATCH {
                connection.run_again();
                break;
            }
            let outcome = match connection.session.activity {
                Activity::Blocked(_) => break,
                Activity::Debugging(_) if connection.session.is_at_stop() => {
                    match self.debug_command(connection) {
                        Some(outcome) => outcome,
                        None => break,
                    }
                }
                Activity::Script(..)
                | Activity::Rerun(_)
                | Activity::Transaction(..)
                | Activity::Debugging(_) => {
                    let Connection { session, out, .. } = connection;
                    catch_unwind(AssertUnwindSafe(|| {
                        session.resume(self.server, &mut self.bench, out)
                    }))
                    .unwrap_or_else(|_| {
                        self.bench.machines.planning = Planning::default();
                        self.server.log.warning(format_args!(
                            "Bug: a script panicked; its connection is closed"
                        ));
                        Outcome::Abort
                    })
                }
                Activity::Idle => match self.next_request(connection) {
                    Some(outcome) => outcome,
                    None => break,
                },
            };
            match outcome {
                Outcome::Done => {}
                Outcome::Busy => {
                    self.follow(connection);
                    break;
                }
                Outcome::Later => {
                    self.parked.push(connection.address());
                    break;
                }
                Outcome::Close => {
                    connection.close_after_output();
                    break;
                }
                Outcome::Abort => {
                    connection.close_now();
                    break;
                }
                Outcome::Shutdown => {
                    // Its connection closes with all others, when nobody listens any more.
                    self.server.shut_down();
                    break;
                }
            }
        }
        drop(self.bench.kept_lock.take());
        let left = connection.query.unread().len();
        record.query_bytes.store(left, Ordering::Relaxed);
    }

    /// Parses and runs the next request; `None` if it is not complete.
    fn next_request(&mut self, connection: &mut Connection<Session>) -> Option<Outcome> {
        let Connection {
            query,
            parser,
            out,
            session,
            ..
        } = connection;
        let consumed = match session.parsed {
            Some(consumed) => consumed,
            None => {
                self.look_ahead.before_request(
                    self.server,
                    &mut self.bench,
                    &session.client,
                    query.unread(),
                );
                let limits = resp::Limits {
                    max_bulk_len: self.bench.config.proto_max_bulk_len,
                    authenticated: session.client.authenticated,
                };
                match parser.parse(query.unread_mut(), &limits) {
                    Ok(Parse::Incomplete) => return None,
                    Ok(Parse::Empty(consumed)) => {
                        query.consume(consumed);
                        // An empty request is one whose reply can be skipped.
                        if session.client.reply_mode == ReplyMode::Skip {
                            session.client.reply_mode = ReplyMode::On;
                        }
                        return Some(Outcome::Done);
                    }
                    Ok(Parse::Request(consumed)) => consumed,
                    Err(error) => {
                        let text = error.reply();
                        self.server.errors.count(&text);
                        if session.client.reply_mode != ReplyMode::On {
                            return Some(Outcome::Close);
                        }
                        RespWriter::new(out, session.client.protocol).error(&text);
                        return Some(Outcome::Close);
                    }
                }
            }
        };
        let request = parser.request(query.unread());
        let args: SmallVec<[&[u8]; 8]> = request.iter().collect();
        // A panic is a defect, but one client's: its connection goes, the server stays. Locks it held are released by the
        // unwinding.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            session.execute(self.server, &mut self.bench, &args, out)
        }))
        .unwrap_or_else(|_| {
            self.bench.machines.planning = Planning::default();
            self.server.log.warning(format_args!(
                "Bug: the command {:?} panicked; its connection is closed",
                args[0].escape_ascii().to_string()
            ));
            Outcome::Abort
        });
        drop(args);
        if outcome == Outcome::Later {
            session.parsed = Some(consumed);
        } else {
            session.parsed = None;
            query.consume(consumed);
        }
        Some(outcome)
    }

    /// Parses and does the next command of a debugger's client; `None` if it is not complete.
    fn debug_command(&mut self, connection: &mut Connection<Session>) -> Option<Outcome> {
        let Connection {
            query,
            session,
            out,
            ..
        } = connection;
        let (words, consumed) = match debug_command::parse(query.unread()) {
            Ok(None) => return None,
            Ok(Some((words, consumed))) => (Some(words), consumed),
            Err(debug_command::Malformed) => (None, query.unread().len()),
        };
        let words = words.map(|words| -> Vec<&[u8]> {
            let input = query.unread();
            words.into_iter().map(|word| &input[word]).collect()
        });
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            session.debug_command(self.server, &mut self.bench, words.as_deref(), out)
        }))
        .unwrap_or_else(|_| {
            self.server.log.warning(format_args!(
                "Bug: a script panicked; its connection is closed"
            ));
            Outcome::Abort
        });
        drop(words);
        query.consume(consumed);
        Some(outcome)
    }

    /// Notes what a session that cannot go on is waiting for.
    fn follow(&mut self, connection: &Connection<Session>) {
        let address = connection.address();
        match &connection.session.activity {
            Activity::Blocked(waiting) => {
                if let Some(deadline) = waiting.deadline {
                    self.timers.add(deadline, (address, waiting.waiter));
                }
            }
            Activity::Script(..) | Activity::Transaction(..) | Activity::Debugging(_) => {
                self.running.push(address);
            }
            Activity::Rerun(_) => self.parked.push(address),
            Activity::Idle => {}
        }
    }

    /// The blocked session's wait is over without its keys: it gets an error or what a time-out gets.
    fn give_up(&mut self, connection: &mut Connection<Session>, waiter: WaiterId, error: bool) {
        let Activity::Blocked(waiting) = &connection.session.activity else {
            return;
        };
        if waiting.waiter != waiter {
            return;
        }
        let on_timeout = waiting.on_timeout;
        let Some(blocked) = self.server.blocked.claim(waiter) else {
            return;
        };
        self.leave_queues(blocked.client.database, blocked.keys, waiter);
        let mut writer = RespWriter::new(&mut connection.out, connection.session.client.protocol);
        if error {
            let text =
                commands::CommandError::text("UNBLOCKED client unblocked via CLIENT UNBLOCK");
            refuse(self.server, &mut writer, &text);
            self.bench.stats.command_failed(blocked.entry.index);
        } else {
            blocking::timeout_reply(on_timeout, &mut writer);
        }
        connection.session.stop_waiting();
    }

    fn leave_queues(&mut self, database: usize, keys: Vec<Bytes>, waiter: WaiterId) {
        self.leftovers.push(Leftover {
            database,
            keys,
            waiter: Some(waiter),
            client: None,
        });
        self.clear_leftovers();
    }

    fn clear_leftovers(&mut self) {
        let (server, now_ms) = (self.server, self.bench.clock.unix_ms());
        self.leftovers.retain_mut(|leftover| {
            let mut plan = LockPlan::for_keys(leftover.keys.iter().map(|key| &**key));
            if let Some(client) = &leftover.client {
                plan.add(&handlers::transaction::plan_watched(server, client, &[]));
            }
            let Some(mut unit) = server.keyspace.try_lock(&plan, 0, now_ms) else {
                return true;
            };
            if let Some(waiter) = leftover.waiter {
                blocking::dequeue(&mut unit, leftover.database, &leftover.keys, waiter);
            }
            if let Some(client) = &mut leftover.client {
                handlers::transaction::unwatch_all(client, &mut unit);
            }
            false
        });
    }

    /// Runs a blocked command again, as if it had just come.
    fn retry(&mut self, connection: &mut Connection<Session>, waiter: WaiterId) {
        let Activity::Blocked(waiting) = &connection.session.activity else {
            return;
        };
        if waiting.waiter != waiter {
            return;
        }
        let Some(blocked) = self.server.blocked.claim(waiter) else {
            return;
        };
        let now_ms = self.bench.clock.unix_ms();
        let database = blocked.client.database;
        match self
            .server
            .keyspace
            .try_lock(&blocked.plan, database, now_ms)
        {
            Some(mut unit) => blocking::dequeue(&mut unit, database, &blocked.keys, waiter),
            None => {
                self.server.blocked.add(waiter, blocked);
                self.retries.push((connection.address(), waiter));
                return;
            }
        }
        connection.session.stop_waiting();
        let args: Vec<&[u8]> = blocked.args.iter().map(|argument| &**argument).collect();
        let Connection { session, out, .. } = connection;
        let outcome = session.execute(self.server, &mut self.bench, &args, out);
        drop(self.bench.kept_lock.take());
        if outcome != Outcome::Later {
            let stats = &self.bench.stats;
            stats.command_counted_twice(blocked.entry.index);
        }
        match outcome {
            Outcome::Busy => self.follow(connection),
            Outcome::Close | Outcome::Abort => connection.close_after_output(),
            // Somebody took the lock in between: the command queues at its keys again when it can.
            Outcome::Later => {
                let waiting = self.server.blocked.new_waiter();
                connection.session.wait_again(waiting);
                self.server.blocked.add(waiting, blocked);
                self.retries.push((connection.address(), waiting));
            }
            Outcome::Done | Outcome::Shutdown => {}
        }
    }

    /// Runs the scripts of clients that are gone.
    fn run_orphans(&mut self) {
        let mut thrown_away = Vec::new();
        let (server, bench) = (self.server, &mut self.bench);
        self.orphans.retain_mut(|session| {
            thrown_away.clear();
            session.resume(server, bench, &mut thrown_away) == Outcome::Busy
        });
    }

    /// Removes keys whose time has come, a batch from each shard.
    fn expire(&mut self) {
        if !self.server.keyspace.settings.active_expire() {
            return;
        }
        let now_ms = self.bench.clock.unix_ms();
        self.bench.own.client = None;
        for shard in (self.index..keyspace::SHARD_COUNT).step_by(self.server.hub.workers()) {
            let plan = LockPlan::Shards(SmallVec::from_slice(&[shard as keyspace::ShardIndex]));
            while let Some(mut unit) = self.server.keyspace.try_lock(&plan, 0, now_ms) {
                if self.server.effects.are_wanted() {
                    unit.record_effects();
                }
                let looked_at = unit.expire_due(EXPIRE_BATCH);
                tracking::after_expiry(self.server, &mut self.bench, &mut unit);
                settle::settle_unit(self.server, &mut self.bench, &mut unit);
                if looked_at < EXPIRE_BATCH {
                    break;
                }
            }
        }
    }
}

impl Service for Worker {
    type Mail = Message;
    type Session = Session;

    fn on_open(&mut self, opened: &Opened, context: &mut Context<'_, Message>) -> Session {
        self.bench.clock.tick();
        add(&self.bench.stats.connections, 1);
        let config = &self.bench.config;
        let password: &[u8] = config.requirepass.as_ref();
        let is_local = opened
            .peer
            .is_none_or(|peer| peer.ip().to_canonical().is_loopback());
        if config.protected_mode && password.is_empty() && !is_local {
            add(&self.bench.stats.rejected_connections, 1);
            context.send_to(
                opened.address,
                Mail::Output(opened.address, Arc::from(PROTECTED.as_bytes())),
            );
            context.send_to(opened.address, Mail::Close(opened.address, true));
        }
        let path = String::from_utf8_lossy(config.unixsocket.as_ref()).into_owned();
        let record = Arc::new(ClientRecord::new(
            opened.address,
            opened.peer,
            opened.local,
            opened.descriptor,
            &path,
            self.bench.clock.unix_ms(),
        ));
        self.server.clients.add(&record);
        Session::new(Client::new(record, password.is_empty()))
    }

    fn on_readable(
        &mut self,
        connection: &mut Connection<Session>,
        _context: &mut Context<'_, Message>,
    ) {
        self.pump(connection);
    }

    fn on_mail(
        &mut self,
        connection: &mut Connection<Session>,
        mail: Message,
        _context: &mut Context<'_, Message>,
    ) {
        self.bench.clock.tick();
        match mail {
            Message::Served {
                waiter,
                reply,
                closes,
            } => {
                let Activity::Blocked(waiting) = &connection.session.activity else {
                    return;
                };
                if waiting.waiter != waiter {
                    return;
                }
                connection.session.note_served(&self.bench);
                if connection.session.client.reply_mode == ReplyMode::On {
                    connection.out.extend_from_slice(&reply);
                }
                connection.session.stop_waiting();
                if closes {
                    connection.close_after_output();
                }
            }
            Message::Retry { waiter } => self.retry(connection, waiter),
            Message::Unblock { waiter, with_error } => self.give_up(connection, waiter, with_error),
            Message::LocksReleased => {}
        }
        if connection.session.is_idle() {
            self.pump(connection);
        }
    }

    fn on_post(&mut self, mail: Message, _context: &mut Context<'_, Message>) {
        // The parked sessions are tried again in this turn anyway: to be woken is enough.
        debug_assert!(matches!(mail, Message::LocksReleased));
    }

    fn on_close(
        &mut self,
        connection: &mut Connection<Session>,
        _context: &mut Context<'_, Message>,
    ) {
        let session = &mut connection.session;
        self.server.clients.remove(session.client.id());
        handlers::pubsub::unsubscribe_all(self.server, &mut session.client);
        self.server.monitors.remove(&session.client.record);
        tracking::disable(self.server, &session.client.record);
        session.leave_debugging(self.server, &mut self.bench);
        match &session.activity {
            Activity::Blocked(waiting) => {
                let waiter = waiting.waiter;
                if let Some(blocked) = self.server.blocked.claim(waiter) {
                    self.leave_queues(blocked.client.database, blocked.keys, waiter);
                }
            }
            Activity::Script(..) | Activity::Rerun(_) | Activity::Transaction(..) => {
                // What has begun is done to the end, as in Redis.
                let client = Client::new(Arc::clone(&session.client.record), true);
                let orphan = std::mem::replace(session, Session::new(client));
                self.orphans.push(orphan);
            }
            Activity::Debugging(_) | Activity::Idle => {}
        }
        if connection.session.client.transaction.watch.is_some() {
            let record = Arc::clone(&connection.session.client.record);
            let client =
                std::mem::replace(&mut connection.session.client, Client::new(record, true));
            self.leftovers.push(Leftover {
                database: 0,
                keys: Vec::new(),
                waiter: None,
                client: Some(client),
            });
            self.clear_leftovers();
        }
    }

    fn may_move(&self, session: &Session) -> bool {
        session.is_idle() && session.parsed.is_none() && session.client.may_move()
    }

    fn on_leave(&mut self, session: Session, place: Address) {
        session.client.record.set_place(place);
        self.server.clients.send_off(session.client);
    }

    fn on_arrive(&mut self, place: Address) -> Option<Session> {
        let client = self.server.clients.welcome(place.id)?;
        client.record.set_place(place);
        Some(Session::new(client))
    }

    fn place_of(&self, id: u64) -> Option<Address> {
        self.server.clients.get(id).map(|record| record.place())
    }

    fn on_turn(&mut self, context: &mut Context<'_, Message>) -> Wait {
        self.bench.clock.tick();
        let now = self.bench.clock.now();
        self.bench.patience = Patience::default();
        while let Some((address, waiter)) = self.timers.take_due(now) {
            let message = Message::Unblock {
                waiter,
                with_error: false,
            };
            context.send_to(address, Mail::To(address, message));
        }
        self.run_orphans();
        if !self.leftovers.is_empty() {
            self.clear_leftovers();
        }
        if !self.bench.broadcasts.is_empty() {
            tracking::broadcast(self.server, &mut self.bench);
        }
        let is_running = !self.running.is_empty() || !self.orphans.is_empty();
        let is_parked = !self.parked.is_empty() || !self.retries.is_empty();
        for address in self.running.drain(..).chain(self.parked.drain(..)) {
            context.send_to(address, Mail::Resume(address));
        }
        for (address, waiter) in self.retries.drain(..) {
            context.send_to(address, Mail::To(address, Message::Retry { waiter }));
        }
        if is_running {
            Wait::No
        } else if is_parked {
            Wait::ForOthers(now + RETRY)
        } else if !self.leftovers.is_empty() {
            Wait::Until(now + RETRY)
        } else {
            self.timers.next().map_or(Wait::Idle, Wait::Until)
        }
    }

    fn on_refused(&mut self) {
        add(&self.bench.stats.rejected_connections, 1);
    }

    fn on_received(&mut self, bytes: usize) {
        add(&self.bench.stats.reads, 1);
        add(&self.bench.stats.input_bytes, bytes as u64);
    }

    fn on_sent(&mut self, session: &Session, bytes: usize, unsent: usize) {
        add(&self.bench.stats.writes, 1);
        add(&self.bench.stats.output_bytes, bytes as u64);
        let shown = &session.client.record.output_bytes;
        shown.store(unsent, Ordering::Relaxed);
    }

    fn on_cron(&mut self, _context: &mut Context<'_, Message>) {
        self.bench.clock.tick();
        let now = self.bench.clock.now();
        if self.server.cron_paused.load(Ordering::Relaxed) {
            return;
        }
        self.expire();
        memory_report::note_machines(&self.bench);
        self.bench
            .machines
            .follow_flush(self.server.scripts.generation() + self.server.libraries.removals());
        if self.index == 0 {
            if self.bench.config.maxmemory > 0 {
                self.server.look_at_memory();
            }
            let elapsed = now.duration_since(self.last_counts.0);
            if elapsed >= Duration::from_millis(100) {
                self.compute_rates(elapsed);
                self.last_counts.0 = now;
            }
        }
    }

    fn on_config(&mut self, _context: &mut Context<'_, Message>) {
        self.bench.take_config(self.server);
    }

    fn class(&self, session: &Session) -> ClientClass {
        if session.client.is_subscriber() {
            ClientClass::Pubsub
        } else {
            ClientClass::Normal
        }
    }

    fn may_time_out(&self, session: &Session) -> bool {
        session.is_idle()
            && !session.client.is_subscriber()
            && !session.client.record.is_monitor.load(Ordering::Relaxed)
    }

    fn describe(&self, connection: &Connection<Session>) -> String {
        let line = connection
            .session
            .client
            .record
            .line(self.bench.clock.unix_ms());
        String::from_utf8_lossy(&line).into_owned()
    }
}

/// What a client from elsewhere is told while there is no password.
const PROTECTED: &str = "-DENIED Redis is running in protected mode because protected mode is enabled and no password \
is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to \
connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode \
sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same \
host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG \
REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis \
configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started \
the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication \
password for the default user. NOTE: You only need to do one of the above things in order for the server to start \
accepting connections from the outside.\r\n";
