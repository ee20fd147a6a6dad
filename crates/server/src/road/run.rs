//! Running a handler under its locks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use commands::{BlockRequest, CommandError, CommandResult, Context, Handler, Random};
use keyspace::{Ahead, EffectReaders, KeptLock, Patience, Unit};
use resp::Reply;

use crate::atomicity::Held;
use crate::client::Client;
use crate::config::Config;
use crate::debugging::DebugMode;
use crate::machines::Machines;
use crate::pubsub::OwnMessages;
use crate::road::Origin;
use crate::road::lookup::Entry;
use crate::script_run::ScriptRun;
use crate::script_tally::EndedRun;
use crate::server::{Server, unix_us};
use crate::stats::WorkerStats;
use crate::tracking::{self, Broadcast};

/// What a thread lends to the commands it runs.
pub(crate) struct Bench {
    /// The configuration this thread saw last.
    pub(crate) config: Arc<Config>,
    /// The part of it that handlers of data use.
    pub(crate) settings: Arc<commands::Settings>,
    pub(crate) random: Random,
    pub(crate) stats: Arc<WorkerStats>,
    pub(crate) clock: Clock,
    pub(crate) machines: Machines,
    /// Messages that the running command publishes to its own client.
    pub(crate) own: OwnMessages,
    /// What subscribers are told when the changes of the running script or transaction stand.
    pub(crate) held: Vec<Held>,
    /// The script that has just run, until its time is known.
    pub(crate) ended_script: EndedRun,
    /// The lock that the request before has left to the next one of its pipeline, and since when it is kept.
    pub(crate) kept_lock: Option<KeptLock<'static>>,
    pub(crate) kept_since: Moment,
    /// How long busy locks are waited for in this turn.
    pub(crate) patience: Patience,
    /// Modified keys of which clients in broadcasting mode are told at the end of the turn.
    pub(crate) broadcasts: Vec<Broadcast>,
}

impl Bench {
    pub(crate) fn new(
        server: &Server,
        config: Arc<Config>,
        random: Random,
        worker: usize,
    ) -> Bench {
        Bench {
            settings: Arc::new(settings_of(server, &config)),
            config,
            random,
            stats: Arc::clone(&server.stats[worker]),
            clock: Clock::new(),
            machines: Machines::default(),
            own: OwnMessages::default(),
            held: Vec::new(),
            ended_script: EndedRun::default(),
            kept_lock: None,
            kept_since: Moment::default(),
            patience: Patience::default(),
            broadcasts: Vec::new(),
        }
    }

    /// Takes the configuration as it is now.
    pub(crate) fn take_config(&mut self, server: &Server) {
        self.config = server.config.current();
        self.settings = Arc::new(settings_of(server, &self.config));
    }

    /// What a script's run borrows: the same configuration and counters, and the clock as it stands.
    pub(crate) fn lend(&self) -> Bench {
        Bench {
            config: Arc::clone(&self.config),
            settings: Arc::clone(&self.settings),
            random: self.random.clone(),
            stats: Arc::clone(&self.stats),
            clock: self.clock.clone(),
            machines: Machines::default(),
            own: OwnMessages::default(),
            held: Vec::new(),
            ended_script: EndedRun::default(),
            kept_lock: None,
            kept_since: Moment::default(),
            patience: Patience::default(),
            broadcasts: Vec::new(),
        }
    }

    /// Looks ahead to these keys; a lock taken for that is kept for the requests. Returns whether it was worth it.
    pub(crate) fn look_ahead(
        &mut self,
        server: &'static Server,
        database: usize,
        requests: &[Ahead<'_>],
    ) -> bool {
        let (kept, patience) = (&mut self.kept_lock, &mut self.patience);
        if kept.is_none() {
            self.kept_since = self.clock.moment();
        }
        server
            .keyspace
            .look_ahead(database, requests, kept, patience)
    }

    /// Leaves a unit's lock to the next request of the pipeline, if others have not been kept waiting long.
    #[inline]
    pub(crate) fn keep_lock(&mut self, unit: &mut Unit<'static>, took_over: bool) {
        let now = self.clock.moment();
        if !took_over {
            self.kept_since = now;
        } else if now.since(self.kept_since) > LOCK_KEPT_MAX {
            return;
        }
        self.kept_lock = unit.take_lock();
    }

    /// Borrows for another run from the bench that an earlier run borrowed from. Mostly little has changed since, which
    /// spares the counts of what all threads share.
    pub(crate) fn borrow_from(&mut self, lender: &Bench) {
        if !Arc::ptr_eq(&self.config, &lender.config)
            || !Arc::ptr_eq(&self.settings, &lender.settings)
        {
            self.config = Arc::clone(&lender.config);
            self.settings = Arc::clone(&lender.settings);
        }
        if !Arc::ptr_eq(&self.stats, &lender.stats) {
            self.stats = Arc::clone(&lender.stats);
        }
        self.own.client = lender.own.client;
        self.random = lender.random.clone();
        self.clock = lender.clock.clone();
    }

    /// Takes over what a script's run has made of what it borrowed.
    pub(crate) fn take_back(&mut self, lent: &mut Bench) {
        self.random = lent.random.clone();
        if !lent.own.messages.is_empty() {
            self.own.messages.append(&mut lent.own.messages);
        }
        if !lent.broadcasts.is_empty() {
            self.broadcasts.append(&mut lent.broadcasts);
        }
    }
}

/// How long a pipeline may keep a lock: no longer than a long command does.
const LOCK_KEPT_MAX: Duration = Duration::from_micros(50);

fn settings_of(server: &Server, config: &Config) -> commands::Settings {
    let entries = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    commands::Settings {
        limits: types::Limits {
            hash_max_listpack_entries: entries(config.hash_max_listpack_entries),
            hash_max_listpack_value: entries(config.hash_max_listpack_value),
            set_max_intset_entries: config.set_max_intset_entries as usize,
            zset_max_listpack_entries: entries(config.zset_max_listpack_entries),
            zset_max_listpack_value: entries(config.zset_max_listpack_value),
            list_max_listpack_size: config.list_max_listpack_size,
            list_plain_element_min: server.list_plain_element_min.load(Ordering::Relaxed),
        },
        string_bytes_max: config.proto_max_bulk_len,
        lazy_user_flush: config.lazyfree_lazy_user_flush,
    }
}

/// A reading of the steady clock: nanoseconds since some beginning. A number is subtracted for nothing; two readings of
/// the standard library's clock cost as much to subtract as to take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    /// How long ago an earlier moment was.
    #[inline]
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The clock of an event loop. Reading it costs as much as a small command, so each reading serves twice: as the end
/// of one command and the start of the next.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// When moments begin.
    origin: Instant,
    anchor: Moment,
    anchor_unix_us: i64,
    now: Moment,
    unix_us: i64,
}

/// How long the wall clock is followed by the steady one before it is looked at again, in nanoseconds; it may have been
/// set.
const ANCHOR_HOLDS: u64 = 100_000_000;

impl Clock {
    pub(crate) fn new() -> Clock {
        let unix_us = unix_us();
        Clock {
            origin: Instant::now(),
            anchor: Moment(0),
            anchor_unix_us: unix_us,
            now: Moment(0),
            unix_us,
        }
    }

    /// Reads the clock.
    #[inline]
    pub(crate) fn tick(&mut self) -> Moment {
        let since_origin = self.origin.elapsed();
        self.now =
            Moment(since_origin.as_secs() * 1_000_000_000 + u64::from(since_origin.subsec_nanos()));
        let elapsed = self.now.0 - self.anchor.0;
        if elapsed > ANCHOR_HOLDS {
            self.anchor = self.now;
            self.anchor_unix_us = unix_us();
            self.unix_us = self.anchor_unix_us;
        } else {
            self.unix_us = self.anchor_unix_us + (elapsed / 1000) as i64;
        }
        self.now
    }

    /// The last reading.
    #[inline]
    pub(crate) fn moment(&self) -> Moment {
        self.now
    }

    /// The last reading, for timers and others that know the standard library's clock.
    pub(crate) fn now(&self) -> Instant {
        self.origin + Duration::from_nanos(self.now.0)
    }

    /// The last reading as Unix time in microseconds.
    pub(crate) fn unix_us(&self) -> i64 {
        self.unix_us
    }

    /// The last reading as Unix time in milliseconds.
    pub(crate) fn unix_ms(&self) -> i64 {
        self.unix_us / 1000
    }
}

/// What is to happen when a handler has returned.
#[derive(Debug, Default)]
pub(crate) enum Next {
    /// Nothing: the reply is written.
    #[default]
    Done,
    /// The reply is written; the connection closes after it.
    Close,
    /// No reply yet: the client waits for a key.
    Block(BlockRequest),
    /// No reply yet: the client waits for a number of replicas, at most so many milliseconds.
    WaitForReplicas(Option<i64>),
    /// No reply yet: a script is to run.
    Script(Box<ScriptRun>),
    /// No reply yet: SCRIPT DEBUG with this mode, which depends on what the client still has to be sent.
    Debug(Option<DebugMode>),
    /// No reply yet: the transaction's queue is to run.
    Exec,
    /// The reply is written, or there is none: the server ends.
    Shutdown,
}

/// A handler of the server's own commands: it sees the client and the server beside the keys.
pub(crate) type ServerHandler = fn(&mut Call<'_>) -> CommandResult;

/// A command whose locks are held: all that its handler works with.
pub(crate) struct Call<'a> {
    pub(crate) server: &'static Server,
    pub(crate) bench: &'a mut Bench,
    pub(crate) client: &'a mut Client,
    pub(crate) entry: &'static Entry,
    pub(crate) args: &'a [&'a [u8]],
    pub(crate) unit: &'a mut Unit<'static>,
    pub(crate) reply: &'a mut dyn Reply,
    pub(crate) origin: Origin,
    /// The key for which its client has waited and which is there now.
    pub(crate) woken_by: Option<&'a [u8]>,
    /// What a handler of the server's own wants to happen next.
    pub(crate) next: Next,
}

/// Runs one command whose locks are held; the reply or the error goes to `reply`.
pub(crate) fn run(call: Call<'_>) -> Next {
    run_here(call)
}

/// The same as part of its caller, for the one who runs the most.
#[inline(always)]
pub(crate) fn run_here(call: Call<'_>) -> Next {
    let Call {
        server,
        bench,
        client,
        entry,
        args,
        unit,
        reply,
        origin,
        woken_by,
        mut next,
    } = call;
    unit.select(client.database);
    unit.set_touches(!client.no_touch);
    let records_effects = server.effects.are_wanted();
    if records_effects {
        unit.record_effects();
        if !matches!(origin, Origin::Script { .. }) {
            unit.set_effect_readers(EffectReaders::ALL);
        }
    }
    let (database, dirty) = (client.database, unit.changes.dirty);
    match entry.command.handler {
        Handler::Data(handler) => {
            let mut context = Context {
                args,
                keys: unit,
                reply,
                settings: &bench.settings,
                random: &mut bench.random,
                dispose: &mut |garbage| server.dispose(garbage),
                may_block: origin == Origin::Client,
                woken_by,
                blocked: None,
            };
            match handler(&mut context) {
                Ok(()) => {
                    if let Some(request) = context.blocked {
                        next = Next::Block(request);
                    }
                }
                Err(error) => fail(server, bench, entry, reply, &error),
            }
        }
        Handler::Server => {
            // Put together again: a call that is handed on whole would have to be in memory for handlers of data as well.
            next = run_own(Call {
                server,
                bench,
                client,
                entry,
                args,
                unit,
                reply,
                origin,
                woken_by,
                next,
            });
        }
        Handler::Container => unreachable!("the look-up refuses a container without subcommand"),
    }
    if records_effects && unit.changes.dirty != dirty {
        unit.finish_effects(database, args);
    }
    if unit.gathers_modifications() {
        tracking::after_command(server, bench, client, entry, args, unit);
    }
    next
}

/// Runs one of the server's own commands.
fn run_own(mut call: Call<'_>) -> Next {
    let handler = call.entry.handler;
    let handler = handler.expect("every server command is bound to a handler");
    match handler(&mut call) {
        Ok(()) => call.next,
        Err(error) => {
            fail(call.server, call.bench, call.entry, call.reply, &error);
            Next::Done
        }
    }
}

/// Writes an error reply and counts it.
#[cold]
pub(crate) fn fail(
    server: &Server,
    bench: &Bench,
    entry: &Entry,
    reply: &mut dyn Reply,
    error: &CommandError,
) {
    bench.stats.command_failed(entry.index);
    refuse(server, reply, error);
}

/// Writes the error reply of a command that did not get as far as its handler.
pub(crate) fn refuse(server: &Server, reply: &mut dyn Reply, error: &CommandError) {
    let text = error.reply();
    server.errors.count(&text);
    reply.error(&text);
}
