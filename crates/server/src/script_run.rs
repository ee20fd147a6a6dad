//! A script's run, from its start to its reply, in slices if it takes long.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use keyspace::Unit;
use parking_lot::Mutex;
use resp::Reply;
use scripting::{Code, LibraryError, Machine, Progress, ScriptCache, ScriptFlags, World};
use types::Bytes;

use crate::atomicity::Undoing;
use crate::client::Client;
use crate::debugging::DebugMode;
use crate::few_locks::{Conflict, FewLocks};
use crate::machines::{Control, Home};
use crate::private_copy::PrivateCopy;
use crate::road::Entry;
use crate::road::barrier::Barrier;
use crate::road::run::Bench;
use crate::running::RunningScript;
use crate::script_host::RoadHost;
use crate::script_tally::{EndOfRun, RunTally};
use crate::server::Server;
use crate::transaction::OwnedArgs;

/// A VM of an event loop with the script it runs. When the script is over it waits for the next one.
pub(crate) struct ScriptRun {
    machine: Machine,
    control: Arc<Control>,
    home: Home,
    /// The command that runs the script.
    entry: &'static Entry,
    /// Its arguments; empty in the first slice, while the request is still there to be looked at.
    args: OwnedArgs,
    /// EVAL_RO, EVALSHA_RO and FCALL_RO, and what has declared that it writes nothing.
    read_only: bool,
    flags: ScriptFlags,
    /// Whether the log has told of it.
    reported: bool,
    /// Whether it ended with an error.
    failed: bool,
    has_host: bool,
    /// Set if the next run has fewer locks than it may need.
    few_locks: Option<FewLocks>,
    /// Set if the next run is to be debugged.
    debug: Option<DebugStart>,
    is_debugged: bool,
}

impl std::fmt::Debug for ScriptRun {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ScriptRun")
            .field("code", &self.machine.code())
            .finish()
    }
}

/// What a debugged run starts with.
pub(crate) struct DebugStart {
    pub(crate) mode: DebugMode,
    /// The keys the script declares.
    pub(crate) keys: Vec<Vec<u8>>,
}

/// What a run that is over gives back.
pub(crate) struct HandedBack {
    pub(crate) server: &'static Server,
    /// Its locks.
    pub(crate) unit: Unit<'static>,
    /// The command that ran it, if it took more than one slice.
    pub(crate) args: OwnedArgs,
}

/// How far a slice got. Either way the run is handed back.
pub(crate) enum Slice {
    /// The script goes on in the next slice.
    Suspended(Box<ScriptRun>),
    /// The script is over; its reply is written.
    Finished(Box<ScriptRun>),
}

impl ScriptRun {
    /// A VM that has not run anything yet, about to serve `entry`.
    pub(crate) fn new(home: Home, scripts: &ScriptCache, entry: &'static Entry) -> ScriptRun {
        let control = Arc::new(Control::new());
        let watched = Arc::clone(&control);
        let world = match home {
            Home::Pool(world) => world,
            Home::Library(_) => World::Functions,
        };
        ScriptRun {
            machine: Machine::new(
                world,
                Box::new(move || watched.decide()),
                scripts.random_sequence(),
            ),
            control,
            home,
            entry,
            args: Vec::new(),
            read_only: false,
            flags: ScriptFlags::default(),
            reported: false,
            failed: false,
            has_host: false,
            few_locks: None,
            debug: None,
            is_debugged: false,
        }
    }

    /// Makes a script or function ready to run with these keys and arguments, on behalf of `entry`.
    ///
    /// # Errors
    /// The code of the function's library fails.
    pub(crate) fn prepare(
        &mut self,
        code: Code,
        keys: &[&[u8]],
        arguments: &[&[u8]],
        entry: &'static Entry,
        read_only: bool,
    ) -> Result<(), LibraryError> {
        let flags = code.flags();
        // A library's code may run here first.
        self.control.start(None);
        self.machine.prepare(code, keys, arguments)?;
        self.serve(entry, flags, read_only);
        Ok(())
    }

    fn serve(&mut self, entry: &'static Entry, flags: ScriptFlags, read_only: bool) {
        self.entry = entry;
        self.read_only = read_only || flags.no_writes;
        self.flags = flags;
        self.reported = false;
    }

    /// Tells the run that was prepared whether it has fewer locks than it may need.
    pub(crate) fn start_with(&mut self, few_locks: Option<FewLocks>) {
        self.few_locks = few_locks;
    }

    /// Where the VM is kept between runs.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Starts the script that was prepared, under the locks of `unit`, and runs its first slice. `args` are those of the
    /// command that runs it.
    pub(crate) fn start(
        mut self: Box<Self>,
        server: &'static Server,
        bench: &Bench,
        client: &Client,
        unit: Unit<'static>,
        args: &[&[u8]],
        reply: &mut dyn Reply,
    ) -> Slice {
        let undoing = Undoing::of(self.flags, self.read_only, &bench.config);
        if undoing == Undoing::OnFailure || unit.keeps_undo() {
            self.machine.set_atomic();
        }
        self.set_limits(bench);
        if !self.has_host {
            let tally = RunTally::new(Arc::clone(&self.control));
            let host = RoadHost::new(server, bench, client, tally);
            self.machine.set_host(Box::new(host));
            self.has_host = true;
        }
        let allow_oom = self.flags.allow_oom;
        let given_name = self.machine.code().and_then(Code::given_name).cloned();
        let host = host_of(&mut self.machine);
        host.begin(bench, client, unit, self.few_locks.take());
        host.tally.begin(given_name, host.started, &server.slowlog);
        host.note_declared_keys(self.entry, args);
        host.read_only = self.read_only;
        host.promised_keys = self.flags.allow_key_locking;
        host.lacks_memory = !allow_oom && server.barriers.raised().has(Barrier::MemoryIsFull);
        host.heeds_memory = undoing == Undoing::OnFailure && !allow_oom;
        host.undoing = undoing;
        host.copy = None;
        if let Some(debug) = self.debug.take() {
            self.start_debugging(server, debug);
        }
        self.advance(args, reply)
    }

    /// Caps what the configuration caps. Who debugs takes all the time there is.
    #[inline]
    fn set_limits(&mut self, bench: &Bench) {
        let (memory, time_ms) = (
            bench.config.script_memory_limit,
            bench.config.script_time_limit,
        );
        if memory != 0 {
            let limit = usize::try_from(memory).unwrap_or(usize::MAX);
            self.machine.set_memory_limit(limit);
        }
        if time_ms != 0 && self.debug.is_none() {
            let limit = Duration::from_millis(time_ms);
            self.control.start(bench.clock.now().checked_add(limit));
        }
    }

    /// Makes the run that is about to start one that is debugged.
    #[cold]
    fn start_debugging(&mut self, server: &'static Server, debug: DebugStart) {
        self.is_debugged = true;
        if let Some(code) = self.machine.code().cloned() {
            self.machine.start_debugging(code.text());
        }
        if debug.mode == DebugMode::Forked {
            let host = host_of(&mut self.machine);
            let mut unit = host.end();
            let (private, own) = PrivateCopy::new(server, &mut unit, &debug.keys);
            host.work_privately(private, own);
        }
    }

    /// Runs the next slice.
    pub(crate) fn resume(mut self: Box<Self>, reply: &mut dyn Reply) -> Slice {
        self.control.start_slice();
        self.host().tally.resume();
        self.advance(&[], reply)
    }

    /// The VM of a debugged run.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The VM of a debugged run.
    pub(crate) fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Goes on with a run that stands at a stop as if it had failed there.
    pub(crate) fn fail_debugged(mut self: Box<Self>, text: &str, reply: &mut dyn Reply) -> Slice {
        self.control.start_slice();
        let progress = self.machine.fail_debugged(text, reply);
        self.after(progress, &[])
    }

    /// The run, watched no longer.
    pub(crate) fn undebugged(mut self: Box<Self>) -> Box<Self> {
        self.machine.stop_debugging();
        self.is_debugged = false;
        self
    }

    /// Drops a run that is in the middle: its locks.
    pub(crate) fn abandon(mut self, bench: &mut Bench) -> Unit<'static> {
        self.machine.abandon();
        let host = self.host();
        if let Some(listed) = host.listed.take() {
            host.server.running.remove(&listed);
        }
        bench.take_back(&mut host.bench);
        host.end()
    }

    /// Makes the run that was prepared one that is debugged.
    pub(crate) fn debug(&mut self, start: DebugStart) {
        self.debug = Some(start);
    }

    /// Whether the run that was prepared is to be debugged, and what becomes of its changes.
    pub(crate) fn debug_mode(&self) -> Option<DebugMode> {
        self.debug.as_ref().map(|debug| debug.mode)
    }

    fn advance(mut self: Box<Self>, args: &[&[u8]], reply: &mut dyn Reply) -> Slice {
        let progress = self.machine.run(reply);
        self.after(progress, args)
    }

    fn after(mut self: Box<Self>, progress: Progress, args: &[&[u8]]) -> Slice {
        match progress {
            Progress::Suspended => {
                if self.args.is_empty() {
                    // Who may have to start again needs all of them; else they are only shown.
                    self.args = if self.host().few_locks().is_some() {
                        args.iter().map(|&argument| Bytes::from(argument)).collect()
                    } else {
                        shown(args.iter().copied())
                    };
                }
                if !self.is_debugged {
                    self.note_slow();
                }
                let host = self.host();
                if host.heeds_memory && host.bench.config.maxmemory > 0 {
                    host.server.look_at_memory();
                }
                Slice::Suspended(self)
            }
            Progress::Finished { failed } => {
                self.failed = failed;
                Slice::Finished(self)
            }
        }
    }

    /// After the end: lets the writes stand, or takes them back if the run has to start again, and gives back what the
    /// run had.
    pub(crate) fn hand_back(&mut self, bench: &mut Bench) -> HandedBack {
        // Only runs of a client's own start with few locks.
        let (args, _, host) = self.wind_up(bench);
        HandedBack {
            server: host.server,
            unit: host.end(),
            args,
        }
    }

    /// The same for a run whose locks nobody else needs: they are settled and released where they are, for to move them
    /// costs as much as to settle them. With its arguments come the locks it needs if it has to start again: then its reply is
    /// void.
    pub(crate) fn settle_and_release(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
    ) -> (OwnedArgs, Option<Conflict>) {
        let (args, conflict, host) = self.wind_up(bench);
        host.settle_and_release(server, bench);
        (args, conflict)
    }

    #[inline]
    fn wind_up(&mut self, bench: &mut Bench) -> (OwnedArgs, Option<Conflict>, &mut RoadHost) {
        let (failed, is_debugged) = (self.failed, self.is_debugged);
        let args = std::mem::take(&mut self.args);
        let ended = self.machine.take_ended();
        let host = host_of(&mut self.machine);
        let few_locks = host.few_locks();
        let conflict = host.settle();
        if failed && conflict.is_none() {
            host.bench.stats.command_failed(self.entry.index);
        }
        if let Some(listed) = host.listed.take() {
            host.server.running.remove(&listed);
        }
        bench.take_back(&mut host.bench);
        let Some((code, memory)) = ended else {
            return (args, conflict, host);
        };
        if let Some(few_locks) = few_locks {
            note_widening(&code, few_locks, conflict.as_ref());
        }
        if conflict.is_none() && !is_debugged {
            let run = EndOfRun {
                memory,
                failed,
                exclusive: host.holds_all(),
                reruns: few_locks.map_or(0, |few_locks| few_locks.reruns),
            };
            host.tally.end(&mut bench.ended_script, code, run);
        }
        (args, conflict, host)
    }

    /// Whether the VM should be dropped to give its memory back.
    pub(crate) fn is_worn(&self) -> bool {
        self.machine.is_worn()
    }

    fn host(&mut self) -> &mut RoadHost {
        host_of(&mut self.machine)
    }

    /// Bytes the VM takes.
    pub(crate) fn memory(&self) -> usize {
        self.machine.memory()
    }

    /// Lists the script as running, and tells the log when it is overdue.
    fn note_slow(&mut self) {
        let control = Arc::clone(&self.control);
        let Some(code) = self.machine.code().cloned() else {
            return;
        };
        let name = code.name();
        let given_name = code.given_name().cloned();
        let (world, kill) = match code {
            Code::Script(_) => (World::Scripts, "SCRIPT KILL"),
            Code::Function(_) => (World::Functions, "FUNCTION KILL"),
        };
        let args = std::mem::take(&mut self.args);
        let host = self.host();
        host.note_slow(|id, plan, state| RunningScript {
            id,
            world,
            name: name.to_owned(),
            given_name: given_name.clone(),
            command: shown(args.iter().map(|argument| &**argument)),
            started: state.started,
            plan: Mutex::new(plan),
            control,
            has_written: AtomicBool::new(state.has_written),
            can_undo: state.can_undo,
        });
        let server = host.server;
        let threshold_ms = host.bench.config.busy_reply_threshold;
        let elapsed_ms = host.started.elapsed().as_millis();
        if !self.reported && threshold_ms > 0 && elapsed_ms >= threshold_ms as u128 {
            server.log.warning(format_args!(
                "Slow script detected: still in execution after {elapsed_ms} milliseconds. You can try killing the \
                 script using the {kill} command. Script name is: {name}{}.",
                given_name.map_or(String::new(), |given| format!(" ({given})"))
            ));
            self.reported = true;
        }
        self.args = args;
    }
}

fn host_of(machine: &mut Machine) -> &mut RoadHost {
    machine
        .host_mut()
        .expect("the host was set at the first start")
}

/// Remembers with the code of a run that started with few locks whether they were enough.
fn note_widening(code: &Code, few_locks: FewLocks, conflict: Option<&Conflict>) {
    match conflict {
        Some(conflict) => {
            let needed = conflict.needed.to_bits();
            code.widening().note_conflict(few_locks.declared, needed);
        }
        None if few_locks.reruns == 0 => code.widening().note_success(few_locks.declared),
        None => {}
    }
}

/// The bytes of an argument that are kept to be shown.
const SHOWN_MAX: usize = 64 << 10;

/// A command's arguments as they are shown; huge ones are cut, for they would be kept as long as the script runs.
fn shown<'a>(args: impl Iterator<Item = &'a [u8]>) -> OwnedArgs {
    let cut = |argument: &[u8]| match argument.get(..SHOWN_MAX) {
        Some(beginning) if argument.len() > SHOWN_MAX => {
            let mut text = beginning.to_vec();
            let rest = argument.len() - SHOWN_MAX;
            text.extend_from_slice(format!("... ({rest} more bytes)").as_bytes());
            Bytes::from(&*text)
        }
        _ => Bytes::from(argument),
    };
    args.map(cut).collect()
}
