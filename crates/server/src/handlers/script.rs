//! EVAL, EVALSHA, their read-only forms, and SCRIPT.

use std::sync::Arc;

use commands::argument::is_word;
use commands::{CommandError, CommandResult};
use keyspace::LockPlan;
use scripting::{KeyUse, ScriptError, ScriptFlags, World};

use crate::client::Client;
use crate::debugging::DebugMode;
use crate::few_locks::FewLocks;
use crate::machines::{By, Machines, for_debugging};
use crate::road::Origin;
use crate::road::barrier::{self, Traits};
use crate::road::lookup::Planner;
use crate::road::run::{Bench, Call, Next, ServerHandler};
use crate::script_run::DebugStart;
use crate::server::Server;

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("", "eval", |call| start(call, By::Text, false)),
    ("", "eval_ro", |call| start(call, By::Text, true)),
    ("", "evalsha", |call| start(call, By::Sha, false)),
    ("", "evalsha_ro", |call| start(call, By::Sha, true)),
    ("script", "debug", debug),
    ("script", "load", load),
    ("script", "exists", exists),
    ("script", "flush", flush),
    ("script", "kill", kill),
    ("script", "show", show),
];

pub(super) const PLANNERS: &[(&str, Planner)] = &[
    ("eval", |server, bench, client, args| {
        plan(server, bench, client, args, By::Text)
    }),
    ("eval_ro", |server, bench, client, args| {
        plan(server, bench, client, args, By::Text)
    }),
    ("evalsha", |server, bench, client, args| {
        plan(server, bench, client, args, By::Sha)
    }),
    ("evalsha_ro", |server, bench, client, args| {
        plan(server, bench, client, args, By::Sha)
    }),
];

/// The keys and arguments of a call, from its third argument on.
pub(super) type KeysAndArguments<'a> = (&'a [&'a [u8]], &'a [&'a [u8]]);

/// Splits the arguments of a call into keys and the rest. `no_number` is the error if the third is no number.
pub(super) fn split<'a>(
    args: &'a [&'a [u8]],
    no_number: CommandError,
) -> Result<KeysAndArguments<'a>, CommandError> {
    let count = types::number::parse_i64(args[2]).ok_or(no_number)?;
    let rest = &args[3..];
    if count > rest.len() as i64 {
        return Err(CommandError::text(
            "ERR Number of keys can't be greater than number of args",
        ));
    }
    let count = usize::try_from(count)
        .map_err(|_| CommandError::text("ERR Number of keys can't be negative"))?;
    Ok(rest.split_at(count))
}

/// The locks of a script; see [`Planning::plan`](crate::few_locks::Planning::plan).
fn plan(server: &Server, bench: &mut Bench, client: &Client, args: &[&[u8]], by: By) -> LockPlan {
    let keys = split(args, CommandError::NotInteger);
    let Machines {
        known, planning, ..
    } = &mut bench.machines;
    let (Ok((keys, _)), Ok(script)) = (keys, known.find(&server.scripts, args[1], by)) else {
        // An earlier command of the transaction may load it yet.
        return if client.transaction.open {
            LockPlan::All
        } else {
            LockPlan::None
        };
    };
    planning.plan(script.key_use(), script.widening(), client, keys)
}

/// Whether a run starts with fewer locks than it may need, so that it may have to start again with more.
pub(super) fn few_locks(call: &Call<'_>, key_use: KeyUse, keys: &[&[u8]]) -> Option<FewLocks> {
    let lacks_some = match key_use {
        KeyUse::None => false,
        // It was not there yet when the locks were planned.
        KeyUse::Declared => call.unit.covers_none() && !keys.is_empty(),
        KeyUse::Any => !call.unit.covers_all(),
    };
    (lacks_some && call.origin == Origin::Client).then(|| call.bench.machines.planning.few_locks())
}

fn start(call: &mut Call<'_>, by: By, read_only: bool) -> CommandResult {
    let (keys, arguments) = split(call.args, CommandError::NotInteger)?;
    let debug = debug_start(call, keys);
    let (cache, machines) = (&call.server.scripts, &mut call.bench.machines);
    // When the locks were planned it was found already, so this is quick; but in a transaction an earlier command may have
    // emptied the cache since.
    let script = machines
        .known
        .find(cache, call.args[1], by)
        .map_err(script_error)?;
    check_flags(call.server, script.flags(), read_only)?;
    let script = Arc::clone(script);
    let few_locks = few_locks(call, script.key_use(), keys);
    if few_locks.is_none() && !holds_enough(call, script.key_use(), keys) {
        // Its transaction began before it was loaded.
        return Err(script_error(ScriptError::NoScript));
    }
    let (cache, machines) = (&call.server.scripts, &mut call.bench.machines);
    let mut run = match debug {
        Some(_) => for_debugging(World::Scripts, cache, call.entry),
        None => machines.take(cache, call.entry),
    };
    run.prepare(&script, keys, arguments, call.entry, read_only);
    run.start_with(few_locks);
    if let Some(debug) = debug {
        run.debug(debug);
    }
    call.next = Next::Script(run);
    Ok(())
}

/// Whether the locks that were taken are those of this script, which may have come since. If not, tries to have them now.
fn holds_enough(call: &mut Call<'_>, key_use: KeyUse, keys: &[&[u8]]) -> bool {
    match key_use {
        KeyUse::None => true,
        KeyUse::Declared if !call.unit.covers_none() => true,
        KeyUse::Declared => {
            let plan = LockPlan::for_keys(keys.iter().copied());
            call.unit.try_extend(&plan)
        }
        KeyUse::Any => call.unit.try_extend(&LockPlan::All),
    }
}

/// What a script or function of this client starts with if it is to be debugged. In a transaction none is.
pub(super) fn debug_start(call: &Call<'_>, keys: &[&[u8]]) -> Option<DebugStart> {
    let mode = call.client.debugging?;
    (call.origin == Origin::Client).then(|| DebugStart {
        mode,
        keys: keys.iter().map(|key| key.to_vec()).collect(),
    })
}

/// Checks what a script or function says of itself against the state of the server.
pub(super) fn check_flags(server: &Server, flags: ScriptFlags, read_only: bool) -> CommandResult {
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

fn script_error(error: ScriptError) -> CommandError {
    CommandError::owned(error.to_string())
}

fn load(call: &mut Call<'_>) -> CommandResult {
    let script = call
        .server
        .scripts
        .load(call.args[2])
        .map_err(script_error)?;
    call.reply.bulk(script.sha().as_bytes());
    Ok(())
}

fn debug(call: &mut Call<'_>) -> CommandResult {
    let word = call.args[2];
    let mode = if is_word(word, "yes") {
        Some(DebugMode::Forked)
    } else if is_word(word, "sync") {
        Some(DebugMode::Synchronous)
    } else if is_word(word, "no") {
        None
    } else {
        return Err(CommandError::text("ERR Use SCRIPT DEBUG YES/SYNC/NO"));
    };
    call.next = Next::Debug(mode);
    Ok(())
}

fn exists(call: &mut Call<'_>) -> CommandResult {
    call.reply.array(call.args.len() - 2);
    for sha in &call.args[2..] {
        call.reply
            .integer(i64::from(call.server.scripts.get(sha).is_some()));
    }
    Ok(())
}

fn flush(call: &mut Call<'_>) -> CommandResult {
    let known = match call.args {
        [_, _] => true,
        [_, _, mode] => is_word(mode, "async") || is_word(mode, "sync"),
        _ => false,
    };
    if !known {
        return Err(CommandError::text(
            "ERR SCRIPT FLUSH only support SYNC|ASYNC option",
        ));
    }
    let scripts = call.server.scripts.flush();
    call.server.dispose(Box::new(scripts));
    call.reply.ok();
    Ok(())
}

fn kill(call: &mut Call<'_>) -> CommandResult {
    call.server
        .running
        .kill(World::Scripts, call.args.get(2).copied())
        .map_err(|error| CommandError::owned(error.to_string()))?;
    call.reply.ok();
    Ok(())
}

/// The text behind a SHA1 (as Valkey has it), or of the script that has given itself this name last.
fn show(call: &mut Call<'_>) -> CommandResult {
    let script = call.server.scripts.named(call.args[2]).pop();
    let script = script.ok_or_else(|| script_error(ScriptError::NoScript))?;
    call.reply.bulk(script.text());
    Ok(())
}
