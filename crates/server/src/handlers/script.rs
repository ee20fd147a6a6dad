//! EVAL, EVALSHA, their read-only forms, and SCRIPT.

use commands::argument::is_word;
use commands::{CommandError, CommandResult};
use keyspace::LockPlan;
use scripting::{Code, ScriptError, World};

use crate::client::Client;
use crate::debugging::DebugMode;
use crate::known_code::By;
use crate::machines::Machines;
use crate::road::lookup::Planner;
use crate::road::run::{Bench, Call, Next, ServerHandler};
use crate::script_call::{self, FoundCall, count_keys};
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

/// The script a call names, with the number of its keys.
#[inline]
fn find(
    server: &Server,
    machines: &mut Machines,
    args: &[&[u8]],
    by: By,
) -> Result<FoundCall, CommandError> {
    let keys = count_keys(args, CommandError::NotInteger)?;
    let script = machines.known.take_script(&server.scripts, args[1], by);
    Ok(FoundCall::new(
        Code::Script(script.map_err(script_error)?),
        keys,
    ))
}

fn plan(server: &Server, bench: &mut Bench, client: &Client, args: &[&[u8]], by: By) -> LockPlan {
    bench.machines.planned = find(server, &mut bench.machines, args, by).ok();
    script_call::plan(bench, client, args)
}

fn start(call: &mut Call<'_>, by: By, read_only: bool) -> CommandResult {
    let find_now = |call: &mut Call<'_>| find(call.server, &mut call.bench.machines, call.args, by);
    // Its transaction began before it was loaded.
    let changed = || script_error(ScriptError::NoScript);
    script_call::start(call, read_only, find_now, changed)
}

fn script_error(error: ScriptError) -> CommandError {
    CommandError::Bytes(error.reply())
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
