//! The server's side of a running script: the locks and identity it runs with, and the road for its inner calls.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use commands::CommandError;
use commands::record::flag;
use keyspace::{EffectReaders, Unit};
use resp::{Protocol, Reply};
use scripting::{CallSite, Failure, LogLevel, ScriptHost};

use crate::atomicity::{self, Undoing};
use crate::client::Client;
use crate::config::enums::LogLevel as ServerLevel;
use crate::road::lookup::{Entry, find, lookup, resolve};
use crate::road::run::{Bench, refuse, run};
use crate::road::{Origin, check, settle};
use crate::running::RunningScript;
use crate::server::Server;

/// What a script runs with.
pub(crate) struct RoadHost {
    pub(crate) server: &'static Server,
    pub(crate) bench: Box<Bench>,
    /// The client as which inner calls run.
    pub(crate) client: Client,
    /// The locks of the run; only taken out when it is over.
    pub(crate) unit: Unit<'static>,
    pub(crate) read_only: bool,
    /// Memory was short when the script started, and it has not declared that it may run then.
    pub(crate) lacks_memory: bool,
    pub(crate) has_written: bool,
    /// When its writes are undone.
    pub(crate) undoing: Undoing,
    /// The unit's undo log was begun for this run, not for the transaction it is part of.
    pub(crate) owns_log: bool,
    pub(crate) started: Instant,
    /// Set when the script has run past its first slice.
    pub(crate) listed: Option<Arc<RunningScript>>,
}

impl RoadHost {
    /// Whether the run can be killed although it has written.
    pub(crate) fn can_undo_kill(&self) -> bool {
        self.undoing.covers(Failure::Killed) || (self.unit.keeps_undo() && !self.owns_log)
    }

    /// Lets the writes of a run that is over stand, unless they are undone already or a transaction's.
    pub(crate) fn commit(&mut self) {
        if self.owns_log && self.unit.keeps_undo() {
            atomicity::commit(self.server, &mut self.bench, &mut self.unit);
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

    /// Whether the run holds the locks of a command, or can have them at once.
    fn hold_locks_of(&mut self, entry: &Entry, args: &[&[u8]]) -> bool {
        if let (None, Some(key)) = (entry.planner, commands::keys::only_key(entry.command, args))
            && self.unit.covers_key(key)
        {
            return true;
        }
        let plan = entry.plan(self.server, &mut self.bench, &self.client, args);
        self.unit.try_extend(&plan)
    }

    fn call_entry(
        &mut self,
        entry: &'static Entry,
        args: &[&[u8]],
        protocol: Protocol,
        reply: &mut dyn Reply,
    ) -> Result<(), CommandError> {
        let origin = Origin::Script {
            read_only: self.read_only,
            lacks_memory: self.lacks_memory && !self.has_written,
        };
        if let Err(error) = check(self.server, &self.client, entry, origin) {
            self.bench.stats.command_rejected(entry.index);
            return Err(error);
        }
        if !self.unit.covers_all() && !self.hold_locks_of(entry, args) {
            // Only a script that was seen to stay within its keys runs without all locks; it does stay there.
            return Err(CommandError::text(
                "ERR Script attempted to access a key it does not hold",
            ));
        }
        if self.undoing != Undoing::Never && !self.unit.keeps_undo() && check::may_replicate(entry)
        {
            self.unit.begin_undo();
            self.owns_log = true;
        }
        if entry.command.has(flag::WRITE) && !self.has_written {
            self.has_written = true;
            if let Some(listed) = &self.listed {
                listed.has_written.store(true, Ordering::Release);
            }
        }
        if self.server.monitors.any() && !entry.command.has(flag::SKIP_MONITOR) {
            let now_us = self.bench.clock.unix_us();
            self.server
                .monitors
                .show(now_us, self.client.database, "lua", args);
        }
        self.client.protocol = protocol;
        let _ = run(
            self.server,
            &mut self.bench,
            &mut self.client,
            entry,
            args,
            &mut self.unit,
            reply,
            origin,
            None,
        );
        self.bench.stats.command_ran(entry.index, Duration::ZERO);
        settle::settle_command(self.server, &mut self.bench, &mut self.unit);
        Ok(())
    }
}

impl ScriptHost for RoadHost {
    fn call(
        &mut self,
        args: &[&[u8]],
        site: &mut CallSite,
        protocol: Protocol,
        reply: &mut dyn Reply,
    ) {
        let found = match site.get::<Entry>(args[0]) {
            Some(entry) => resolve(entry, args),
            None => lookup(args).inspect(|entry| {
                if entry.container.is_none() {
                    site.remember(args[0], *entry);
                }
            }),
        };
        let result = match found {
            Ok(entry) => self.call_entry(entry, args, protocol, reply),
            Err(error) => Err(self.unknown(args, &error)),
        };
        if let Err(error) = result {
            refuse(self.server, reply, &error);
        }
    }

    fn log(&mut self, level: LogLevel, message: &[u8]) {
        let level = match level {
            LogLevel::Debug => ServerLevel::Debug,
            LogLevel::Verbose => ServerLevel::Verbose,
            LogLevel::Notice => ServerLevel::Notice,
            LogLevel::Warning => ServerLevel::Warning,
        };
        self.server
            .log
            .write(level, format_args!("{}", String::from_utf8_lossy(message)));
    }

    fn may_call(&mut self, args: &[&[u8]]) -> Option<bool> {
        // Every user may run every command as long as there is only the default user.
        find(args).ok().map(|_| true)
    }

    fn set_replication(&mut self, append_only_file: bool, replicas: bool) {
        self.unit.set_effect_readers(EffectReaders {
            append_only_file,
            replicas,
        });
    }

    fn fail(&mut self, failure: Failure) -> bool {
        self.owns_log
            && self.unit.keeps_undo()
            && self.undoing.covers(failure)
            && atomicity::undo(self.server, &mut self.bench, &mut self.unit)
    }

    fn count_error(&mut self, text: &[u8]) {
        self.server.errors.count(text);
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
