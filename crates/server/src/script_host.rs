//! The server's side of a running script: the locks and identity it runs with, and the road for its inner calls.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use commands::record::flag;
use commands::{CommandError, Handler};
use keyspace::{Changes, EffectReaders, EventClass, Keyspace, LockPlan, Unit};
use resp::{Protocol, Reply};
use scripting::{Called, Failure, LogLevel, ScriptHost};
use smallvec::SmallVec;
use types::{Bytes, bytes_equal};

use crate::atomicity::{self, Undoing};
use crate::call_sites::CallSites;
use crate::client::Client;
use crate::concerns::Concerns;
use crate::config::enums::LogLevel as ServerLevel;
use crate::few_locks::{Conflict, FewLocks, is_irrevocable};
use crate::private_copy::PrivateCopy;
use crate::road::barrier::Barrier;
use crate::road::lookup::{Entry, find, lookup, resolve};
use crate::road::run::{Bench, Call, Next, refuse, run_here};
use crate::road::{Origin, check, settle};
use crate::running::RunningScript;
use crate::script_tally::RunTally;
use crate::server::Server;

/// What the scripts of one VM run with, one after the other.
pub(crate) struct RoadHost {
    pub(crate) server: &'static Server,
    /// What the run has borrowed from its event loop.
    pub(crate) bench: Bench,
    /// The client as which inner calls run.
    client: Client,
    /// The locks of the run; none between runs.
    unit: Option<Unit<'static>>,
    sites: CallSites,
    /// A key whose lock the run is known to hold: mostly the next call's as well.
    held_key: Vec<u8>,
    pub(crate) read_only: bool,
    /// The script has promised to touch no keys but its own (`allow-key-locking`): it gets no others, free or not.
    pub(crate) promised_keys: bool,
    /// Memory was short when the script started, and it has not declared that it may run then.
    pub(crate) lacks_memory: bool,
    /// It is refused writes as soon as memory is short, though it has written: all of it can be undone.
    pub(crate) heeds_memory: bool,
    has_written: bool,
    /// Of which commands a call is looked at closely.
    watched: Concerns,
    /// When its writes are undone.
    pub(crate) undoing: Undoing,
    /// The unit's undo log was begun for this run, not for the transaction it is part of.
    owns_log: bool,
    /// Set if the run has fewer locks than it may need. If one that it meets is not free, it is undone and starts again.
    few_locks: Option<FewLocks>,
    /// That has happened: the locks it had and those it met. Nothing more is done in this run.
    conflict: Option<LockPlan>,
    /// What the run has told the log and monitors, until it is known that it need not start again.
    told: Vec<Told>,
    pub(crate) started: Instant,
    /// The clock's tick when a command that may take long was called last.
    tick: Option<Tick>,
    /// Set when the script has run past its first slice.
    pub(crate) listed: Option<Arc<RunningScript>>,
    /// Set if the unit is that of a private copy, of whose changes nobody is told.
    pub(crate) copy: Option<Box<PrivateCopy>>,
    /// What is counted of the run.
    pub(crate) tally: RunTally,
}

/// What a run tells that may have to start again.
enum Told {
    Log(ServerLevel, Vec<u8>),
    Monitors {
        unix_us: i64,
        database: usize,
        args: Vec<Vec<u8>>,
    },
}

/// What there is to tell of a run that is past its first slice.
pub(crate) struct SlowRun {
    pub(crate) started: Instant,
    pub(crate) has_written: bool,
    /// It can be killed although it has written.
    pub(crate) can_undo: bool,
}

/// Words of a call, and bytes of its last, that any fast command deals with in next to no time.
const FEW_ARGUMENTS: usize = 64;
const SHORT_ARGUMENT: usize = 64 * 1024;

#[cfg(target_os = "linux")]
type Tick = (i64, i64);

/// The kernel's time as of its last tick.
#[cfg(target_os = "linux")]
#[inline]
fn tick() -> Tick {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    (time.tv_sec, time.tv_nsec)
}

#[cfg(not(target_os = "linux"))]
type Tick = u128;

/// The time in ticks of four milliseconds.
#[cfg(not(target_os = "linux"))]
fn tick() -> Tick {
    static ANCHOR: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    ANCHOR.get_or_init(Instant::now).elapsed().as_millis() / 4
}

/// What is said when a script has not the locks of a key. Only a script that was seen to stay within its keys runs
/// without all locks; it does stay there.
const NOT_HELD: CommandError =
    CommandError::text("ERR Script attempted to access a key it does not hold");

impl RoadHost {
    pub(crate) fn new(
        server: &'static Server,
        lender: &Bench,
        caller: &Client,
        tally: RunTally,
    ) -> RoadHost {
        RoadHost {
            server,
            bench: lender.lend(),
            client: Client::for_script(caller),
            unit: None,
            sites: CallSites::default(),
            held_key: Vec::new(),
            read_only: false,
            promised_keys: false,
            lacks_memory: false,
            heeds_memory: false,
            has_written: false,
            watched: Concerns::ALL,
            undoing: Undoing::Never,
            owns_log: false,
            few_locks: None,
            conflict: None,
            told: Vec::new(),
            started: lender.clock.now(),
            tick: None,
            listed: None,
            copy: None,
            tally,
        }
    }

    /// Begins a run for `caller` with the locks of `unit`.
    #[inline]
    pub(crate) fn begin(
        &mut self,
        lender: &Bench,
        caller: &Client,
        unit: Unit<'static>,
        few_locks: Option<FewLocks>,
    ) {
        self.bench.borrow_from(lender);
        self.client.serve_script_of(caller);
        self.unit = Some(unit);
        self.held_key.clear();
        self.has_written = false;
        self.watched = Concerns::ALL;
        self.owns_log = false;
        self.few_locks = few_locks;
        self.conflict = None;
        self.started = lender.clock.now();
        self.tick = None;
        let notify_mask = self.server.keyspace.settings.notify_mask();
        if few_locks.is_some() && notify_mask & EventClass::KEY_MISS.0 != 0 {
            // Then reading has consequences as well.
            self.begin_undo();
        }
    }

    /// Has the run work on a private copy, with a unit of its own.
    pub(crate) fn work_privately(&mut self, copy: PrivateCopy, unit: Unit<'static>) {
        self.copy = Some(Box::new(copy));
        self.unit = Some(unit);
        self.watched = Concerns::ALL;
    }

    fn begin_undo(&mut self) {
        if let Some(unit) = &mut self.unit
            && !unit.keeps_undo()
        {
            unit.begin_undo();
            self.owns_log = true;
        }
    }

    /// Set if the run has fewer locks than it may need.
    pub(crate) fn few_locks(&self) -> Option<FewLocks> {
        self.few_locks
    }

    /// Puts down the keys that the script was called with, if its caller tracks what it reads.
    pub(crate) fn note_declared_keys(&mut self, entry: &Entry, args: &[&[u8]]) {
        self.client.declared_keys.clear();
        if self.server.tracking.is_used()
            && self.client.record.tracking.remembers()
            && let Ok(positions) = commands::keys::key_positions(entry.command, args)
        {
            let keys = positions.iter().map(|key| Bytes::from(args[key.index]));
            self.client.declared_keys.extend(keys);
        }
    }

    /// Ends the run: its locks.
    pub(crate) fn end(&mut self) -> Unit<'static> {
        self.unit.take().expect("a run has its locks until it ends")
    }

    /// Whether the run has the locks of all keys.
    pub(crate) fn holds_all(&self) -> bool {
        self.unit.as_ref().is_some_and(Unit::covers_all)
    }

    /// Ends the run: settles and releases its locks.
    pub(crate) fn settle_and_release(&mut self, server: &'static Server, bench: &mut Bench) {
        if let Some(unit) = &mut self.unit {
            settle::settle_unit(server, bench, unit);
        }
        self.unit = None;
    }

    /// Lists the script, as `make` shows it, among those that have run past their first slice, and takes its counts over
    /// so far.
    pub(crate) fn note_slow(&mut self, make: impl FnOnce(u64, LockPlan, SlowRun) -> RunningScript) {
        let Some(unit) = &mut self.unit else { return };
        settle::settle_command(self.server, &mut self.bench, unit);
        if self.listed.is_none() {
            let state = SlowRun {
                started: self.started,
                has_written: self.has_written,
                can_undo: self.undoing.covers(Failure::Killed)
                    || (unit.keeps_undo() && !self.owns_log),
            };
            let running = &self.server.running;
            self.listed = Some(running.add(|id| make(id, unit.plan(), state)));
        }
    }

    /// After the end: lets the writes stand and tells what was held back; or, if the run has to start again, takes all
    /// back, and hands out what locks it needs.
    pub(crate) fn settle(&mut self) -> Option<Conflict> {
        let Some(few_locks) = self.few_locks.take() else {
            self.commit();
            return None;
        };
        let Some(needed) = self.conflict.take() else {
            self.commit();
            self.tell();
            return None;
        };
        self.told.clear();
        if let Some(unit) = &mut self.unit
            && self.owns_log
            && unit.keeps_undo()
        {
            atomicity::undo(self.server, &mut self.bench, unit);
        }
        Some(Conflict::new(few_locks, needed))
    }

    /// Tells what was held back.
    fn tell(&mut self) {
        for told in std::mem::take(&mut self.told) {
            match told {
                Told::Log(level, message) => self.tell_log(level, &message),
                Told::Monitors {
                    unix_us,
                    database,
                    args,
                } => {
                    let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
                    self.tell_monitors(unix_us, database, &args);
                }
            }
        }
    }

    fn tell_log(&self, level: ServerLevel, message: &[u8]) {
        let text = String::from_utf8_lossy(message);
        self.server.log.write(level, format_args!("{text}"));
    }

    fn tell_monitors(&self, unix_us: i64, database: usize, args: &[&[u8]]) {
        let source = self.tally.source();
        self.server.monitors.show(unix_us, database, &source, args);
    }

    /// Shows an inner call to who monitors.
    #[cold]
    fn show(&mut self, args: &[&[u8]]) {
        let (unix_us, database) = (self.bench.clock.unix_us(), self.client.database);
        if self.few_locks.is_some() {
            let args = args.iter().map(|argument| argument.to_vec()).collect();
            self.told.push(Told::Monitors {
                unix_us,
                database,
                args,
            });
        } else {
            self.tell_monitors(unix_us, database, args);
        }
    }

    /// Takes the locks of a command for a run that started with fewer than it may need. If they are not free, the run is
    /// void.
    fn take_locks(&mut self, plan: &LockPlan) -> Result<(), CommandError> {
        let Some(unit) = &mut self.unit else {
            return Err(NOT_HELD);
        };
        if self.promised_keys || !unit.try_extend(plan) {
            if self.few_locks.is_some() {
                let mut needed = unit.plan();
                needed.add(plan);
                self.conflict = Some(needed);
            }
            return Err(NOT_HELD);
        }
        if let Some(listed) = &self.listed {
            *listed.plan.lock() = unit.plan();
        }
        Ok(())
    }

    /// Lets the writes of a run that is over stand, unless they are undone already or a transaction's.
    fn commit(&mut self) {
        if let Some(unit) = &mut self.unit
            && self.owns_log
            && unit.keeps_undo()
        {
            self.tally.note_undo_log(unit.undo_bytes());
            atomicity::commit(self.server, &mut self.bench, unit);
        }
    }

    /// What a script is told of a command that the look-up refuses.
    fn unknown(&self, args: &[&[u8]], error: &CommandError) -> CommandError {
        if let CommandError::Arity(_) = error {
            if let Ok(entry) = find(args) {
                self.bench.stats.command_rejected(entry.index);
            }
            return CommandError::text(
                "ERR Wrong number of args calling Redis command from script",
            );
        }
        CommandError::text("ERR Unknown Redis command called from script")
    }

    /// Sees to it that the run holds the locks of a command. Whether its only key is that of the call before.
    #[inline(always)]
    fn hold_locks_of(&mut self, entry: &Entry, args: &[&[u8]]) -> Result<bool, CommandError> {
        if entry.only_key == 0 {
            self.hold_locks_of_any(entry, args)?;
            return Ok(false);
        }
        let Some(key) = args.get(entry.only_key) else {
            return Ok(false);
        };
        if bytes_equal(key, &self.held_key) && !key.is_empty() {
            return Ok(true);
        }
        self.hold_lock_of(key)?;
        Ok(false)
    }

    fn hold_lock_of(&mut self, key: &[u8]) -> Result<(), CommandError> {
        let Some(unit) = &self.unit else {
            return Err(NOT_HELD);
        };
        if !unit.covers_all() {
            let shard = Keyspace::shard_of(key);
            if !unit.covers_shard(shard) {
                self.take_locks(&LockPlan::Shards(SmallVec::from_slice(&[shard])))?;
            }
        }
        self.held_key.clear();
        self.held_key.extend_from_slice(key);
        Ok(())
    }

    fn hold_locks_of_any(&mut self, entry: &Entry, args: &[&[u8]]) -> Result<(), CommandError> {
        let Some(unit) = &self.unit else {
            return Err(NOT_HELD);
        };
        if unit.covers_all() {
            return Ok(());
        }
        let plan = entry.plan(self.server, &mut self.bench, &self.client, args);
        if unit.covers(&plan) {
            return Ok(());
        }
        self.take_locks(&plan)
    }

    /// Of which commands the next call is to be looked at closely.
    fn watch(&self) -> Concerns {
        let is_small = self.few_locks.is_some();
        let wants_log = (is_small || self.undoing != Undoing::Never)
            && !self.unit.as_ref().is_some_and(Unit::keeps_undo);
        Concerns::NOT_FOR_SCRIPTS
            .and_if(true, Concerns::OWN)
            .and_if(self.read_only || wants_log, Concerns::REPLICATED)
            .and_if(!self.has_written, Concerns::WRITING)
            .and_if(!self.has_written && self.lacks_memory, Concerns::GROWING)
            .and_if(is_small, Concerns::IRREVOCABLE)
            .and_if(self.copy.is_some(), Concerns::ALL)
    }

    /// Checks a call that is looked at closely.
    #[inline(never)]
    fn check(&mut self, entry: &Entry, origin: Origin) -> Result<(), CommandError> {
        if let Err(error) = check(self.server, &self.client, entry, origin) {
            self.bench.stats.command_rejected(entry.index);
            return Err(error);
        }
        if self.few_locks.is_some() && is_irrevocable(entry.command) && !self.holds_all() {
            return self.take_locks(&LockPlan::All);
        }
        Ok(())
    }

    /// Begins a call that is looked at closely and has its locks.
    #[inline(never)]
    fn begin_call(&mut self, entry: &Entry) {
        if (self.undoing != Undoing::Never || self.few_locks.is_some())
            && check::may_replicate(entry.command)
        {
            self.begin_undo();
        }
        if entry.command.has(flag::WRITE) && !self.has_written {
            self.has_written = true;
            if let Some(listed) = &self.listed {
                listed.has_written.store(true, Ordering::Release);
            }
        }
        if let (Handler::Server, Some(unit)) = (entry.command.handler, &mut self.unit) {
            // It may be one that shows the counts.
            settle::settle_command(self.server, &mut self.bench, unit);
        }
        self.watched = self.watch();
    }

    #[inline(always)]
    fn call_entry(
        &mut self,
        entry: &'static Entry,
        args: &[&[u8]],
        protocol: Protocol,
        reply: &mut dyn Reply,
    ) -> Result<Called, CommandError> {
        let raised = self.server.barriers.raised();
        let runs_out = self.heeds_memory && raised.has(Barrier::MemoryIsFull);
        let origin = Origin::Script {
            read_only: self.read_only,
            lacks_memory: self.lacks_memory || runs_out,
            has_written: self.has_written && !runs_out,
        };
        let is_watched = entry.concerns.meet(self.watched) || !raised.none();
        if is_watched {
            self.check(entry, origin)?;
            if self.copy.is_some() {
                self.call_privately(entry, args, protocol, reply, origin)?;
                return Ok(self.time_of(entry, args));
            }
        }
        let key_is_noted = self.hold_locks_of(entry, args)?;
        if is_watched {
            self.begin_call(entry);
        }
        if self.server.monitors.any() && !entry.command.has(flag::SKIP_MONITOR) {
            self.show(args);
        }
        let changes = self.run_here(entry, args, protocol, reply, origin)?;
        let has_events = !changes.events.is_empty();
        self.bench.stats.command_called(entry.index);
        self.tally.note_call(entry, args, key_is_noted);
        if has_events && let Some(unit) = &mut self.unit {
            settle::settle_command(self.server, &mut self.bench, unit);
        }
        Ok(self.time_of(entry, args))
    }

    /// Whether much time has passed with calls. Most are too short for that to be looked at.
    #[inline(always)]
    fn time_of(&mut self, entry: &'static Entry, args: &[&[u8]]) -> Called {
        let is_short = entry.command.has(flag::FAST)
            && args.len() <= FEW_ARGUMENTS
            && args.last().is_none_or(|last| last.len() <= SHORT_ARGUMENT);
        if is_short {
            return Called::Done;
        }
        self.look_at_tick()
    }

    /// Whether the kernel's clock has ticked since it was last looked at. Its ticks are milliseconds, and a look costs a third
    /// of one at the precise clock.
    fn look_at_tick(&mut self) -> Called {
        let tick = Some(tick());
        let before = std::mem::replace(&mut self.tick, tick);
        if before.is_none() || before == tick {
            Called::Done
        } else {
            Called::TookLong
        }
    }

    /// Runs a command under the locks of the run: what is changed since they were settled last.
    #[inline(always)]
    fn run_here(
        &mut self,
        entry: &'static Entry,
        args: &[&[u8]],
        protocol: Protocol,
        reply: &mut dyn Reply,
        origin: Origin,
    ) -> Result<&mut Changes, CommandError> {
        let Some(unit) = &mut self.unit else {
            return Err(NOT_HELD);
        };
        self.client.protocol = protocol;
        // A script does not wait, and what else may be next is refused to it.
        let _ = run_here(Call {
            server: self.server,
            bench: &mut self.bench,
            client: &mut self.client,
            entry,
            args,
            unit,
            reply,
            origin,
            woken_by: None,
            next: Next::Done,
        });
        Ok(&mut unit.changes)
    }

    /// The entry of a call.
    #[inline(always)]
    fn find(&mut self, args: &[&[u8]]) -> Result<&'static Entry, CommandError> {
        match self.sites.get(args) {
            Some((entry, true)) => Ok(entry),
            Some((entry, false)) => resolve(entry, args),
            None => self.find_anew(args),
        }
    }

    #[inline(never)]
    fn find_anew(&mut self, args: &[&[u8]]) -> Result<&'static Entry, CommandError> {
        let entry = lookup(args)?;
        if entry.container.is_none() && !entry.has_subcommands() {
            self.sites.remember(args, entry);
        }
        Ok(entry)
    }
}

impl RoadHost {
    /// Runs a command on the private copy.
    fn call_privately(
        &mut self,
        entry: &'static Entry,
        args: &[&[u8]],
        protocol: Protocol,
        reply: &mut dyn Reply,
        origin: Origin,
    ) -> Result<(), CommandError> {
        if matches!(entry.command.name, "publish" | "spublish") {
            // A message is a change too: nobody gets it.
            reply.integer(0);
            return Ok(());
        }
        let (Some(copy), Some(unit)) = (&mut self.copy, &mut self.unit) else {
            return Err(NOT_HELD);
        };
        copy.bring(self.server, entry, args, unit)?;
        self.has_written |= entry.command.has(flag::WRITE);
        *self.run_here(entry, args, protocol, reply, origin)? = Changes::default();
        Ok(())
    }

    #[inline(always)]
    fn call_on_road(
        &mut self,
        args: &[&[u8]],
        protocol: Protocol,
        reply: &mut dyn Reply,
    ) -> Result<Called, CommandError> {
        match self.find(args) {
            Ok(entry) => self.call_entry(entry, args, protocol, reply),
            Err(error) => Err(self.unknown(args, &error)),
        }
    }

    /// Answers a call that was refused.
    #[cold]
    fn refuse(&self, reply: &mut dyn Reply, error: &CommandError) {
        if self.conflict.is_some() {
            // The script will never know.
            reply.error(&error.reply());
        } else {
            refuse(self.server, reply, error);
        }
    }
}

impl ScriptHost for RoadHost {
    fn call(&mut self, args: &[&[u8]], protocol: Protocol, reply: &mut dyn Reply) -> Called {
        match self.call_on_road(args, protocol, reply) {
            Ok(called) => called,
            Err(error) => {
                self.refuse(reply, &error);
                Called::Refused
            }
        }
    }

    fn is_void(&self) -> bool {
        self.conflict.is_some()
    }

    fn log(&mut self, level: LogLevel, message: &[u8]) {
        let level = match level {
            LogLevel::Debug => ServerLevel::Debug,
            LogLevel::Verbose => ServerLevel::Verbose,
            LogLevel::Notice => ServerLevel::Notice,
            LogLevel::Warning => ServerLevel::Warning,
        };
        if self.few_locks.is_some() {
            self.told.push(Told::Log(level, message.to_vec()));
        } else {
            self.tell_log(level, message);
        }
    }

    fn may_call(&mut self, args: &[&[u8]]) -> Option<bool> {
        // Every user may run every command as long as there is only the default user.
        find(args).ok().map(|_| true)
    }

    fn set_replication(&mut self, append_only_file: bool, replicas: bool) {
        if let Some(unit) = &mut self.unit {
            unit.set_effect_readers(EffectReaders {
                append_only_file,
                replicas,
            });
        }
    }

    fn fail(&mut self, failure: Failure) -> bool {
        if self.copy.is_some() {
            // All the copy's changes go, this way or that.
            return self.has_written && self.undoing.covers(failure);
        }
        let Some(unit) = &mut self.unit else {
            return false;
        };
        self.tally.note_undo_log(unit.undo_bytes());
        let undone = self.conflict.is_none()
            && self.owns_log
            && unit.keeps_undo()
            && self.undoing.covers(failure)
            && atomicity::undo(self.server, &mut self.bench, unit);
        self.tally.fail(failure, undone);
        undone
    }

    fn undo_bytes(&mut self) -> usize {
        match &mut self.unit {
            // A log that is kept only until all locks are there is no wish of the script's.
            Some(unit) if self.owns_log && self.undoing != Undoing::Never => unit.undo_bytes(),
            _ => 0,
        }
    }

    fn count_error(&mut self, text: &[u8]) {
        if self.conflict.is_some() {
            return;
        }
        self.server.errors.count(text);
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
