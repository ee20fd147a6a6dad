//! A call of a script or a function, from its arguments to a run that is ready: one way for EVAL, EVALSHA and FCALL.
//!
//! To plan the locks of a call its code has to be found and its arguments to be taken apart. The handler follows at once and
//! needs both again, so what was found waits for it in [`Machines::planned`](crate::machines::Machines::planned). Only in a
//! transaction it looks again: commands before it may have changed what there is.

use commands::{CommandError, CommandResult};
use keyspace::LockPlan;
use scripting::{Code, KeyUse, ScriptFlags, World};

use crate::client::Client;
use crate::few_locks::FewLocks;
use crate::machines::for_debugging;
use crate::road::Origin;
use crate::road::barrier::{self, Traits};
use crate::road::run::{Bench, Call, Next};
use crate::script_run::{DebugStart, ScriptRun};
use crate::server::Server;

/// What a call is about.
#[derive(Debug)]
pub(crate) struct FoundCall {
    pub(crate) code: Code,
    /// How many of the arguments from the fourth on are keys.
    keys: usize,
}

/// Where the keys begin.
const FIRST_KEY: usize = 3;

/// The number of keys a call declares. `no_number` is the error if its third argument is none.
pub(crate) fn count_keys(args: &[&[u8]], no_number: CommandError) -> Result<usize, CommandError> {
    let count = match *args[2] {
        // Mostly there are few.
        [digit @ b'0'..=b'9'] => i64::from(digit - b'0'),
        _ => types::number::parse_i64(args[2]).ok_or(no_number)?,
    };
    if count > (args.len() - FIRST_KEY) as i64 {
        return Err(CommandError::text(
            "ERR Number of keys can't be greater than number of args",
        ));
    }
    usize::try_from(count).map_err(|_| CommandError::text("ERR Number of keys can't be negative"))
}

impl FoundCall {
    pub(crate) fn new(code: Code, keys: usize) -> FoundCall {
        FoundCall { code, keys }
    }

    /// The keys it declares, and its other arguments.
    fn split<'a>(&self, args: &'a [&'a [u8]]) -> (&'a [&'a [u8]], &'a [&'a [u8]]) {
        args[FIRST_KEY..].split_at(self.keys)
    }
}

/// The locks of the call that waits for its handler. One that was not found needs none, unless an earlier command of its
/// transaction may bring it yet.
pub(crate) fn plan(bench: &mut Bench, client: &Client, args: &[&[u8]]) -> LockPlan {
    let machines = &mut bench.machines;
    let Some(call) = &machines.planned else {
        return match client.transaction.open {
            true => LockPlan::All,
            false => LockPlan::None,
        };
    };
    let (keys, _) = call.split(args);
    let has_state =
        matches!(&call.code, Code::Function(function) if function.library().has_state());
    if !has_state {
        let (key_use, widening) = (call.code.key_use(), call.code.widening());
        return machines.planning.plan(key_use, widening, client, keys);
    }
    if client.debugging.is_some() {
        return LockPlan::All;
    }
    // What a run leaves behind in its library cannot be undone, so it must not have to start again.
    enough(&call.code, keys)
}

/// The locks that are enough, whatever the call does. Calls of a library that has state are kept apart by the lock of the key that
/// the library's name would be.
fn enough(code: &Code, keys: &[&[u8]]) -> LockPlan {
    let mut plan = match code.key_use() {
        KeyUse::None => LockPlan::None,
        KeyUse::Declared => LockPlan::for_keys(keys.iter().copied()),
        KeyUse::Any => LockPlan::All,
    };
    if let Code::Function(function) = code
        && function.library().has_state()
    {
        plan.add_key(function.library().name().as_bytes());
    }
    plan
}

/// Makes a run of what was found when the locks were planned, or, in a transaction, of what `find` finds now. `changed` is the
/// error if that is not what the locks were planned for and they are not enough.
pub(crate) fn start(
    call: &mut Call<'_>,
    read_only: bool,
    find: impl FnOnce(&mut Call<'_>) -> Result<FoundCall, CommandError>,
    changed: impl FnOnce() -> CommandError,
) -> CommandResult {
    let planned = call.bench.machines.planned.take();
    let found = match planned.filter(|_| call.origin == Origin::Client) {
        Some(planned) => planned,
        None => find(call)?,
    };
    let (keys, arguments) = found.split(call.args);
    let code = found.code;
    check_flags(call.server, code.flags(), read_only)?;
    if !holds_enough(call, &code, keys) {
        return Err(changed());
    }
    let few_locks = few_locks(call, &code);
    let debug = debug_start(call, keys);
    let mut run = machine_for(call, &code, debug.is_some());
    if let Err(error) = run.prepare(code, keys, arguments, call.entry, read_only) {
        call.server.give_back(call.bench, run);
        return Err(CommandError::owned(error.to_string()));
    }
    run.start_with(few_locks);
    if let Some(debug) = debug {
        run.debug(debug);
    }
    call.next = Next::Script(run);
    Ok(())
}

/// Whether the locks that were taken are those of this code, which may have come since: then tries to have them now.
fn holds_enough(call: &mut Call<'_>, code: &Code, keys: &[&[u8]]) -> bool {
    call.origin == Origin::Client
        || call.unit.covers_all()
        || call.unit.try_extend(&enough(code, keys))
}

/// How a run starts that has fewer locks than it may need, so that it may have to start again with more.
fn few_locks(call: &Call<'_>, code: &Code) -> Option<FewLocks> {
    let lacks_some = code.key_use() == KeyUse::Any && !call.unit.covers_all();
    (lacks_some && call.origin == Origin::Client).then(|| call.bench.machines.planning.few_locks())
}

/// What a script or function of this client starts with if it is to be debugged. In a transaction none is.
fn debug_start(call: &Call<'_>, keys: &[&[u8]]) -> Option<DebugStart> {
    let mode = call.client.debugging?;
    (call.origin == Origin::Client).then(|| DebugStart {
        mode,
        keys: keys.iter().map(|key| key.to_vec()).collect(),
    })
}

/// A VM for the run.
fn machine_for(call: &mut Call<'_>, code: &Code, is_debugged: bool) -> Box<ScriptRun> {
    let (scripts, machines) = (&call.server.scripts, &mut call.bench.machines);
    match code {
        // With a state of its own, which goes with the session.
        Code::Script(_) if is_debugged => for_debugging(World::Scripts, scripts, call.entry),
        Code::Function(_) if is_debugged => for_debugging(World::Functions, scripts, call.entry),
        Code::Script(_) => machines.take(scripts, call.entry),
        Code::Function(function) if function.library().has_state() => {
            let machines = &call.server.library_machines;
            machines.take(function.library(), scripts, call.entry)
        }
        Code::Function(_) => machines.take_for_functions(scripts, call.entry),
    }
}

/// Checks what a script or function says of itself against the state of the server.
fn check_flags(server: &Server, flags: ScriptFlags, read_only: bool) -> CommandResult {
    let raised = server.barriers.raised();
    // Without flags of its own a script is stopped at the first call that is not allowed.
    let writes = flags.declared && !flags.no_writes;
    if !raised.none() {
        let traits = Traits {
            needs_memory: writes && !flags.allow_oom,
            writes,
            takes_stale_data: flags.allow_stale,
            is_ping: false,
        };
        barrier::at_the_door(raised, traits)?;
    }
    if writes && read_only {
        return Err(CommandError::text(
            "ERR Can not execute a script with write flag using *_ro command.",
        ));
    }
    Ok(())
}
