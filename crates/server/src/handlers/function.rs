//! FCALL, FCALL_RO, and FUNCTION.

use std::time::{Duration, Instant};

use commands::argument::is_word;
use commands::{CommandError, CommandResult};
use keyspace::LockPlan;
use resp::Reply;
use scripting::function::payload;
use scripting::{
    Change, Code, LibraryError, LoadedLibrary, LogLevel, Machine, RestorePolicy, Verdict, World,
};

use crate::client::Client;
use crate::config::enums::{BusyReplyScope, LogLevel as ServerLevel};
use crate::machines::Machines;
use crate::road::lookup::Planner;
use crate::road::run::{Bench, Call, ServerHandler};
use crate::script_call::{self, FoundCall, count_keys};
use crate::server::Server;

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("", "fcall", |call| start(call, false)),
    ("", "fcall_ro", |call| start(call, true)),
    ("function", "load", load),
    ("function", "delete", delete),
    ("function", "list", list),
    ("function", "flush", flush),
    ("function", "dump", dump),
    ("function", "restore", restore),
    ("function", "kill", kill),
    ("function", "stats", stats),
];

pub(super) const PLANNERS: &[(&str, Planner)] = &[
    ("fcall", |server, bench, client, args| {
        plan(server, bench, client, args)
    }),
    ("fcall_ro", |server, bench, client, args| {
        plan(server, bench, client, args)
    }),
];

/// How long a library's code may run while it is loaded.
const LOAD_MAX: Duration = Duration::from_millis(500);

// ---- calls -------------------------------------------------------------------------------------------

/// The function a call names, with the number of its keys.
fn find(
    server: &Server,
    machines: &mut Machines,
    args: &[&[u8]],
) -> Result<FoundCall, CommandError> {
    const NOT_FOUND: CommandError = CommandError::text("ERR Function not found");
    let function = machines.known.take_function(&server.libraries, args[1]);
    let function = function.ok_or(NOT_FOUND)?;
    let keys = count_keys(args, CommandError::text("ERR Bad number of keys provided"))?;
    Ok(FoundCall::new(Code::Function(function), keys))
}

fn plan(server: &Server, bench: &mut Bench, client: &Client, args: &[&[u8]]) -> LockPlan {
    bench.machines.planned = find(server, &mut bench.machines, args).ok();
    script_call::plan(bench, client, args)
}

fn start(call: &mut Call<'_>, read_only: bool) -> CommandResult {
    let find_now = |call: &mut Call<'_>| find(call.server, &mut call.bench.machines, call.args);
    script_call::start(call, read_only, find_now, || {
        CommandError::text(
            "ERR Function was replaced while its transaction waited for locks, please try again",
        )
    })
}

// ---- changes -----------------------------------------------------------------------------------------

fn library_error(error: LibraryError) -> CommandError {
    CommandError::Bytes(error.reply())
}

/// A fresh machine that stops a library's code when it takes too long to load, or more memory than scripts may.
fn load_machine(server: &Server) -> Machine {
    let end = Instant::now() + LOAD_MAX;
    let interrupt = move || {
        if Instant::now() < end {
            Verdict::Continue
        } else {
            Verdict::Kill
        }
    };
    let mut machine = Machine::new(
        World::Functions,
        Box::new(interrupt),
        server.scripts.random_sequence(),
    );
    let limit = server.config.current().script_memory_limit;
    if limit != 0 {
        machine.set_memory_limit(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    machine
}

/// Finishes a change: removed libraries are dropped elsewhere, unless the caller wants to wait for that.
fn settle(server: &Server, change: Change, in_background: bool) {
    for (level, line) in &change.log {
        let level = match level {
            LogLevel::Debug => ServerLevel::Debug,
            LogLevel::Verbose => ServerLevel::Verbose,
            LogLevel::Notice => ServerLevel::Notice,
            LogLevel::Warning => ServerLevel::Warning,
        };
        let line = String::from_utf8_lossy(line);
        server.log.write(level, format_args!("{line}"));
    }
    let machines = server.library_machines.remove(&change.removed);
    if in_background && !change.removed.is_empty() {
        server.dispose(Box::new((machines, change.removed)));
    }
}

fn load(call: &mut Call<'_>) -> CommandResult {
    let server = call.server;
    let (text, options) = call.args[2..]
        .split_last()
        .ok_or(CommandError::Arity("function|load".into()))?;
    let mut replace = false;
    for option in options {
        if !is_word(option, "replace") {
            let before = "ERR Unknown option given: ";
            return Err(CommandError::repeating(before, option, ""));
        }
        replace = true;
    }
    let (name, change) = server
        .libraries
        .load(text, replace, &mut || load_machine(server))
        .map_err(library_error)?;
    settle(server, change, true);
    call.reply.bulk(name.as_bytes());
    call.unit.tell_effect(call.args);
    Ok(())
}

fn delete(call: &mut Call<'_>) -> CommandResult {
    let change = call.server.libraries.delete(call.args[2]);
    settle(call.server, change.map_err(library_error)?, true);
    call.reply.ok();
    call.unit.tell_effect(call.args);
    Ok(())
}

fn flush(call: &mut Call<'_>) -> CommandResult {
    let in_background = match call.args {
        [_, _] => call.bench.config.lazyfree_lazy_user_flush,
        [_, _, mode] if is_word(mode, "async") => true,
        [_, _, mode] if is_word(mode, "sync") => false,
        [_, _, _] => {
            return Err(CommandError::text(
                "ERR FUNCTION FLUSH only supports SYNC|ASYNC option",
            ));
        }
        _ => return Err(wrong_usage(call.args[1])),
    };
    let change = call.server.libraries.flush();
    settle(call.server, change, in_background);
    call.reply.ok();
    call.unit.tell_effect(call.args);
    Ok(())
}

/// What a subcommand with too many words is told.
fn wrong_usage(subcommand: &[u8]) -> CommandError {
    CommandError::repeating(
        "ERR unknown subcommand or wrong number of arguments for '",
        subcommand,
        "'. Try FUNCTION HELP.",
    )
}

fn dump(call: &mut Call<'_>) -> CommandResult {
    let libraries = call.server.libraries.current();
    let texts = libraries.libraries().map(|loaded| &**loaded.library.text());
    call.reply.bulk(&payload::write(texts));
    Ok(())
}

fn restore(call: &mut Call<'_>) -> CommandResult {
    let server = call.server;
    let policy = match call.args {
        [_, _, _] => RestorePolicy::Append,
        [_, _, _, word] if is_word(word, "append") => RestorePolicy::Append,
        [_, _, _, word] if is_word(word, "replace") => RestorePolicy::Replace,
        [_, _, _, word] if is_word(word, "flush") => RestorePolicy::Flush,
        [_, _, _, _] => {
            return Err(CommandError::text(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
        _ => return Err(wrong_usage(call.args[1])),
    };
    let texts =
        payload::read(call.args[2]).map_err(|error| CommandError::owned(error.to_string()))?;
    let change = server
        .libraries
        .restore(&texts, policy, &mut || load_machine(server))
        .map_err(library_error)?;
    settle(server, change, true);
    call.reply.ok();
    call.unit.tell_effect(call.args);
    Ok(())
}

fn kill(call: &mut Call<'_>) -> CommandResult {
    call.server
        .running
        .kill(World::Functions, call.args.get(2).copied())
        .map_err(|error| CommandError::owned(error.to_string()))?;
    call.reply.ok();
    Ok(())
}

// ---- looking -----------------------------------------------------------------------------------------

fn list(call: &mut Call<'_>) -> CommandResult {
    let (mut pattern, mut with_code) = (None, false);
    let mut words = call.args[2..].iter();
    while let Some(word) = words.next() {
        if !with_code && is_word(word, "withcode") {
            with_code = true;
        } else if pattern.is_none() && is_word(word, "libraryname") {
            let given = words.next().ok_or(CommandError::text(
                "ERR library name argument was not given",
            ))?;
            pattern = Some(*given);
        } else {
            return Err(CommandError::repeating("ERR Unknown argument ", word, ""));
        }
    }
    let libraries = call.server.libraries.current();
    let fits = |loaded: &&LoadedLibrary| {
        let name = loaded.library.name().as_bytes();
        pattern.is_none_or(|pattern| types::glob::matches(pattern, name, true))
    };
    let shown: Vec<&LoadedLibrary> = libraries.libraries().filter(fits).collect();
    call.reply.array(shown.len());
    for loaded in shown {
        show(loaded, with_code, call.reply);
    }
    Ok(())
}

fn show(loaded: &LoadedLibrary, with_code: bool, reply: &mut dyn Reply) {
    reply.map(if with_code { 4 } else { 3 });
    reply.bulk(b"library_name");
    reply.bulk(loaded.library.name().as_bytes());
    reply.bulk(b"engine");
    reply.bulk(b"LUA");
    reply.bulk(b"functions");
    reply.array(loaded.functions.len());
    for function in &loaded.functions {
        reply.map(3);
        reply.bulk(b"name");
        reply.bulk(function.name().as_bytes());
        reply.bulk(b"description");
        reply.bulk_or_null(function.description());
        reply.bulk(b"flags");
        let flags = function.flags().names();
        reply.set(flags.len());
        for flag in flags {
            reply.status(flag);
        }
    }
    if with_code {
        reply.bulk(b"library_code");
        reply.bulk(loaded.library.text());
    }
}

fn stats(call: &mut Call<'_>) -> CommandResult {
    let config = &call.bench.config;
    if config.busy_reply_scope == BusyReplyScope::All
        && let Some(script) = call.server.running.any_overdue(config.busy_reply_threshold)
        && script.world == World::Scripts
    {
        // Redis tells of functions only while it runs one, or nothing.
        return Err(CommandError::owned(script.busy_text()));
    }
    let reply = &mut *call.reply;
    reply.map(2);
    reply.bulk(b"running_script");
    match call.server.running.function() {
        None => reply.null(),
        Some(running) => {
            reply.map(3);
            reply.bulk(b"name");
            reply.bulk(running.name.as_bytes());
            reply.bulk(b"command");
            reply.array(running.command.len());
            for word in &running.command {
                reply.bulk(word);
            }
            reply.bulk(b"duration_ms");
            reply.integer(running.started.elapsed().as_millis() as i64);
        }
    }
    let libraries = call.server.libraries.current();
    reply.bulk(b"engines");
    reply.map(1);
    reply.bulk(b"LUA");
    reply.map(2);
    reply.bulk(b"libraries_count");
    reply.integer(libraries.libraries().len() as i64);
    reply.bulk(b"functions_count");
    reply.integer(libraries.function_count() as i64);
    Ok(())
}
