//! A script's run, from its start to its reply, in slices if it takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use keyspace::Unit;
use resp::Reply;
use scripting::{Code, Machine, Progress, World};
use types::Bytes;

use crate::atomicity::Undoing;
use crate::client::Client;
use crate::debugging::DebugMode;
use crate::machines::ControlledMachine;
use crate::private_copy::PrivateCopy;
use crate::road::Entry;
use crate::road::run::Bench;
use crate::running::RunningScript;
use crate::script_host::RoadHost;
use crate::server::Server;
use crate::transaction::OwnedArgs;

/// A script that an EVAL has made ready: its VM holds the code and the arguments.
pub(crate) struct ScriptStart {
    pub(crate) machine: ControlledMachine,
    pub(crate) code: Code,
    /// The command that runs it.
    pub(crate) entry: &'static Entry,
    /// EVAL_RO, EVALSHA_RO and FCALL_RO, and what has declared that it writes nothing.
    pub(crate) read_only: bool,
    /// Set if it is to be debugged.
    pub(crate) debug: Option<DebugStart>,
}

/// What a debugged run starts with.
pub(crate) struct DebugStart {
    pub(crate) mode: DebugMode,
    /// The keys the script declares.
    pub(crate) keys: Vec<Vec<u8>>,
}

impl std::fmt::Debug for ScriptStart {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ScriptStart")
            .field("name", &self.code.name())
            .finish()
    }
}

/// A script that runs.
pub(crate) struct ScriptRun {
    machine: ControlledMachine,
    code: Code,
    entry: &'static Entry,
    /// The command that runs it; empty in the first slice, while the request is still there to be looked at.
    args: OwnedArgs,
    /// Whether the log has told of it.
    reported: bool,
    is_debugged: bool,
}

/// How far a slice got.
pub(crate) enum Slice {
    /// The script goes on in the next slice.
    Suspended(Box<ScriptRun>),
    /// The script is over; its reply is written.
    Finished {
        machine: ControlledMachine,
        host: Box<RoadHost>,
        /// The command that ran it, if it took more than one slice.
        args: OwnedArgs,
    },
}

impl ScriptRun {
    /// Starts a script under the locks of `unit` and runs its first slice.
    pub(crate) fn start(
        server: &'static Server,
        bench: &Bench,
        client: &Client,
        mut unit: Unit<'static>,
        start: ScriptStart,
        args: &[&[u8]],
        reply: &mut dyn Reply,
    ) -> Slice {
        let ScriptStart {
            mut machine,
            code,
            entry,
            read_only,
            debug,
        } = start;
        let is_debugged = debug.is_some();
        let mut copy = None;
        if let Some(debug) = debug {
            machine.machine.start_debugging(code.text());
            if debug.mode == DebugMode::Forked {
                let (private, own) = PrivateCopy::new(server, &mut unit, &debug.keys);
                copy = Some(Box::new(private));
                unit = own;
            }
        }
        let now = bench.clock.now();
        let undoing = Undoing::of(code.flags(), read_only, &bench.config);
        if undoing == Undoing::OnFailure || unit.keeps_undo() {
            machine.machine.set_atomic();
        }
        let host = RoadHost {
            server,
            bench: bench.lend(machine.lent.take()),
            client: Client::for_script(client),
            unit,
            read_only,
            lacks_memory: server.barriers.memory_is_full.load(Ordering::Relaxed)
                && !code.flags().allow_oom,
            has_written: false,
            undoing,
            owns_log: false,
            started: now,
            listed: None,
            copy,
        };
        // Who debugs takes all the time there is.
        let time_limit = if is_debugged {
            0
        } else {
            bench.config.script_time_limit
        };
        machine.control.reset(now, time_limit);
        machine.control.start_slice(now);
        if bench.config.script_memory_limit != 0 {
            let limit = usize::try_from(bench.config.script_memory_limit).unwrap_or(usize::MAX);
            machine.machine.set_memory_limit(limit);
        }
        machine.machine.set_host(Box::new(host));
        Box::new(ScriptRun {
            machine,
            code,
            entry,
            args: Vec::new(),
            reported: false,
            is_debugged,
        })
        .advance(args, reply)
    }

    /// Runs the next slice.
    pub(crate) fn resume(self: Box<Self>, reply: &mut dyn Reply) -> Slice {
        self.machine.control.start_slice(Instant::now());
        self.advance(&[], reply)
    }

    /// The VM of a debugged run.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine.machine
    }

    /// The VM of a debugged run.
    pub(crate) fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine.machine
    }

    /// Goes on with a run that stands at a stop as if it had failed there.
    pub(crate) fn fail_debugged(mut self: Box<Self>, text: &str, reply: &mut dyn Reply) -> Slice {
        self.machine.control.start_slice(Instant::now());
        let progress = self.machine.machine.fail_debugged(text, reply);
        self.after(progress, &[])
    }

    /// The run, watched no longer.
    pub(crate) fn undebugged(mut self: Box<Self>) -> Box<Self> {
        self.machine.machine.stop_debugging();
        self.is_debugged = false;
        self
    }

    /// Drops a run that is in the middle: what it ran with.
    pub(crate) fn abandon(mut self) -> Box<RoadHost> {
        self.machine.machine.abandon();
        take_host(&mut self.machine.machine)
    }

    fn advance(mut self: Box<Self>, args: &[&[u8]], reply: &mut dyn Reply) -> Slice {
        let progress = self.machine.machine.run(reply);
        self.after(progress, args)
    }

    fn after(mut self: Box<Self>, progress: Progress, args: &[&[u8]]) -> Slice {
        match progress {
            Progress::Suspended => {
                if self.args.is_empty() {
                    self.args = args.iter().map(|&argument| Bytes::from(argument)).collect();
                }
                if !self.is_debugged {
                    self.note_slow();
                }
                Slice::Suspended(self)
            }
            Progress::Finished { failed } => {
                let mut host = take_host(&mut self.machine.machine);
                host.commit();
                if failed {
                    host.bench.stats.command_failed(self.entry.index);
                }
                if let Some(listed) = &host.listed {
                    host.server.running.remove(listed);
                }
                Slice::Finished {
                    machine: self.machine,
                    host,
                    args: self.args,
                }
            }
        }
    }

    /// Lists the script as running, and tells the log when it is overdue.
    fn note_slow(&mut self) {
        let reported = self.reported;
        let control = Arc::clone(&self.machine.control);
        let args = &self.args;
        let code = &self.code;
        let Some(host) = self.machine.machine.host_mut::<RoadHost>() else {
            return;
        };
        if host.listed.is_none() {
            let (started, plan) = (host.started, host.unit.plan());
            let world = match code {
                Code::Script(_) => World::Scripts,
                Code::Function(_) => World::Functions,
            };
            let has_written = AtomicBool::new(host.has_written);
            host.listed = Some(host.server.running.add(|id| RunningScript {
                id,
                world,
                name: code.name().to_owned(),
                command: args.clone(),
                started,
                plan,
                control,
                has_written,
                can_undo: host.can_undo_kill(),
            }));
        }
        let threshold_ms = host.bench.config.busy_reply_threshold;
        let elapsed_ms = host.started.elapsed().as_millis();
        if !reported && threshold_ms > 0 && elapsed_ms >= threshold_ms as u128 {
            let name = code.name();
            let kill = match code {
                Code::Script(_) => "SCRIPT KILL",
                Code::Function(_) => "FUNCTION KILL",
            };
            host.server.log.warning(format_args!(
                "Slow script detected: still in execution after {elapsed_ms} milliseconds. You can try killing the \
                 script using the {kill} command. Script name is: {name}."
            ));
            self.reported = true;
        }
    }
}

fn take_host(machine: &mut Machine) -> Box<RoadHost> {
    let host = machine.take_host().expect("the host was set at the start");
    let host = host.into_any().downcast::<RoadHost>();
    host.expect("the host is the server's own")
}
