//! A kit to try commands with, without server or sockets: a keyspace, a clock, and a connection's state.
//!
//! [`Kit::run`] takes a command line as redis-cli does and walks it down the road a server would: look-up, arity, lock
//! plan, handler, reply. [`transcript`] replays whole recorded conversations with redis-server.

use keyspace::{Changes, EventClass, Keyspace, LockPlan, Unit};
use resp::{Protocol, Reply, RespWriter};
use types::Limits;

use crate::context::{BlockRequest, Context, Random, Settings};
use crate::record::{Command, Handler};
use crate::{CommandError, keys, lookup, lookup_subcommand};

pub mod transcript;

/// How many databases a kit's keyspace has.
pub const DATABASES: usize = 16;

/// A keyspace with one caller.
pub struct Kit {
    /// The keys.
    pub keyspace: Keyspace,
    /// The clock, Unix time in milliseconds: moves only when told.
    pub now_ms: i64,
    /// The caller's selected database.
    pub database: usize,
    /// The caller's protocol.
    pub protocol: Protocol,
    /// Settings handlers see.
    pub settings: Settings,
    /// Whether the caller can wait for keys.
    pub may_block: bool,
    /// What the last command changed.
    pub changes: Changes,
    /// What the last command waits for, if it does.
    pub blocked: Option<BlockRequest>,
    random: Random,
}

impl Default for Kit {
    fn default() -> Kit {
        Kit::new()
    }
}

impl Kit {
    /// An empty keyspace that records every keyspace event of the classes `A` stands for.
    pub fn new() -> Kit {
        let keyspace = Keyspace::new(DATABASES);
        keyspace
            .settings
            .set_notify_mask(!(EventClass::NEW.0 | EventClass::KEY_MISS.0));
        Kit {
            keyspace,
            now_ms: 1_700_000_000_000,
            database: 0,
            protocol: Protocol::Resp2,
            settings: Settings {
                limits: Limits::DEFAULT,
                string_bytes_max: 512 * 1024 * 1024,
                lazy_user_flush: false,
            },
            may_block: false,
            changes: Changes::default(),
            blocked: None,
            random: Random::new(1),
        }
    }

    /// Runs a command line with redis-cli's quoting; the encoded reply as text, with bytes that are not ASCII lost.
    pub fn run(&mut self, line: &str) -> String {
        let args = split(line);
        let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        String::from_utf8_lossy(&self.call(&args)).into_owned()
    }

    /// Runs a command, the name first; the encoded reply. Empty if the command waits.
    pub fn call(&mut self, args: &[&[u8]]) -> Vec<u8> {
        self.call_woken(args, None)
    }

    /// As [`Kit::call`], for a command that was blocked and is tried again because of a key.
    pub fn call_woken(&mut self, args: &[&[u8]], woken_by: Option<&[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = RespWriter::new(&mut out, self.protocol);
        self.blocked = None;
        self.changes = Changes::default();
        if let Err(error) = self.dispatch(args, woken_by, &mut writer) {
            writer.error_str(&error.to_string());
        }
        out
    }

    /// Does something with all keys locked.
    pub fn with_unit<T>(&mut self, work: impl FnOnce(&mut Unit<'_>) -> T) -> T {
        work(
            &mut self
                .keyspace
                .lock(&LockPlan::All, self.database, self.now_ms),
        )
    }

    /// Runs commands in one unit that keeps an undo log, each `step_ms` after the one before, then lets them stand or
    /// undoes them.
    pub fn run_undoably(&mut self, commands: &[Vec<Vec<u8>>], step_ms: i64, commit: bool) {
        let mut unit = self
            .keyspace
            .lock(&LockPlan::All, self.database, self.now_ms);
        unit.begin_undo();
        for command in commands {
            let args: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
            self.now_ms += step_ms;
            unit.set_now_ms(self.now_ms);
            unit.select(self.database);
            let Ok((command, _)) = find(&args) else {
                continue;
            };
            if let (Handler::Data(handler), true) =
                (command.handler, command.arity_fits(args.len()))
            {
                let mut out = Vec::new();
                let mut context = Context {
                    args: &args,
                    keys: &mut unit,
                    reply: &mut RespWriter::new(&mut out, self.protocol),
                    settings: &self.settings,
                    random: &mut self.random,
                    dispose: &mut drop,
                    may_block: false,
                    woken_by: None,
                    blocked: None,
                };
                // What a command refuses it leaves as it is: that is part of what is tried.
                let _ = handler(&mut context);
            }
        }
        if commit {
            unit.commit(&mut drop);
        } else {
            unit.undo(&mut drop);
        }
        self.changes = std::mem::take(&mut unit.changes);
    }

    fn dispatch(
        &mut self,
        args: &[&[u8]],
        woken_by: Option<&[u8]>,
        reply: &mut dyn Reply,
    ) -> Result<(), CommandError> {
        let (command, name) = find(args)?;
        if !command.arity_fits(args.len()) {
            return Err(CommandError::Arity(name.into()));
        }
        let Handler::Data(handler) = command.handler else {
            return Err(CommandError::owned(format!("ERR '{name}' needs a server")));
        };
        let plan = keys::lock_plan(command, args);
        let mut unit = self.keyspace.lock(&plan, self.database, self.now_ms);
        let mut context = Context {
            args,
            keys: &mut unit,
            reply,
            settings: &self.settings,
            random: &mut self.random,
            dispose: &mut drop,
            may_block: self.may_block,
            woken_by,
            blocked: None,
        };
        let result = handler(&mut context);
        self.blocked = context.blocked.take();
        self.changes = std::mem::take(&mut unit.changes);
        result
    }
}

/// The command or subcommand these arguments call, with its full name.
fn find(args: &[&[u8]]) -> Result<(&'static Command, String), CommandError> {
    let given = args.first().copied().unwrap_or_default();
    let command = lookup(given).ok_or_else(|| {
        CommandError::owned(format!("ERR unknown command '{}'", given.escape_ascii()))
    })?;
    match args.get(1) {
        Some(word) if crate::is_container(command) => {
            let subcommand = lookup_subcommand(command, word).ok_or_else(|| {
                CommandError::UnknownSubcommand {
                    given: word.to_vec(),
                    container: command.name.to_ascii_uppercase().into(),
                }
            })?;
            Ok((subcommand, format!("{}|{}", command.name, subcommand.name)))
        }
        _ => Ok((command, command.name.to_owned())),
    }
}

/// Splits a line into arguments with redis-cli's quoting.
pub fn split(line: &str) -> Vec<Vec<u8>> {
    let mut bytes = line.as_bytes().to_vec();
    let mut spans = Vec::new();
    resp::parse::split_line(&mut bytes, &mut spans).expect("the line's quotes are balanced");
    spans.iter().map(|span| span.of(&bytes).to_vec()).collect()
}
