//! A script's run, from its start to its reply, in slices if it takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use keyspace::Unit;
use resp::Reply;
use scripting::{Code, Progress, World};
use types::Bytes;

use crate::atomicity::Undoing;
use crate::client::Client;
use crate::machines::ControlledMachine;
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
        unit: Unit<'static>,
        start: ScriptStart,
        args: &[&[u8]],
        reply: &mut dyn Reply,
    ) -> Slice {
        let ScriptStart {
            mut machine,
            code,
            entry,
            read_only,
        } = start;
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
        };
        machine.control.reset(now, bench.config.script_time_limit);
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
        })
        .advance(args, reply)
    }

    /// Runs the next slice.
    pub(crate) fn resume(self: Box<Self>, reply: &mut dyn Reply) -> Slice {
        self.machine.control.start_slice(Instant::now());
        self.advance(&[], reply)
    }

    fn advance(mut self: Box<Self>, args: &[&[u8]], reply: &mut dyn Reply) -> Slice {
        match self.machine.machine.run(reply) {
            Progress::Suspended => {
                if self.args.is_empty() {
                    self.args = args.iter().map(|&argument| Bytes::from(argument)).collect();
                }
                self.note_slow();
                Slice::Suspended(self)
            }
            Progress::Finished { failed } => {
                let host = self
                    .machine
                    .machine
                    .take_host()
                    .expect("the host was set at the start");
                let host = host.into_any().downcast::<RoadHost>();
                let mut host = host.expect("the host is the server's own");
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
