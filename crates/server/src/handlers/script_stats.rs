//! Scripts and functions in numbers: SCRIPT STATS, SCRIPT LIST, and INFO's section `Scriptstats`.

use std::fmt::Write;
use std::sync::Arc;

use commands::argument::is_word;
use commands::{CommandError, CommandResult};
use resp::Reply;
use scripting::{Function, KeyUse, RunSummary, Script};

use crate::road::run::{Call, ServerHandler};
use crate::server::Server;

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] =
    &[("script", "list", list), ("script", "stats", stats)];

/// Scripts and functions INFO shows: those that took most time. SCRIPT STATS shows all.
const SHOWN_BY_INFO: usize = 128;

/// What has statistics.
enum Subject {
    Script(Arc<Script>),
    Function(Arc<Function>),
}

impl Subject {
    fn summary(&self) -> RunSummary {
        match self {
            Subject::Script(script) => script.stats().summary(),
            Subject::Function(function) => function.stats().summary(),
        }
    }

    /// How it runs beside others: as its runs did, or, before the first, as its code tells.
    fn mode(&self, summary: &RunSummary) -> &'static str {
        let key_use = match self {
            Subject::Script(script) => script.key_use(),
            Subject::Function(function) => function.key_use(),
        };
        let is_exclusive = match (summary.calls, summary.exclusive) {
            (0, _) => key_use == KeyUse::Any,
            (_, 0) => false,
            (calls, exclusive) if exclusive < calls => return "mixed",
            _ => true,
        };
        if is_exclusive {
            "exclusive"
        } else {
            "parallel"
        }
    }
}

fn functions(server: &Server) -> Vec<Arc<Function>> {
    let registry = server.libraries.current();
    let libraries = registry.libraries();
    libraries
        .flat_map(|library| library.functions.iter().cloned())
        .collect()
}

/// All that ran, what took most time first.
fn all_that_ran(server: &Server) -> Vec<(Subject, RunSummary)> {
    let scripts = server.scripts.scripts().into_iter().map(Subject::Script);
    let functions = functions(server).into_iter().map(Subject::Function);
    let mut all: Vec<_> = scripts
        .chain(functions)
        .map(|subject| {
            let summary = subject.summary();
            (subject, summary)
        })
        .filter(|(_, summary)| summary.calls > 0)
        .collect();
    all.sort_by_key(|(_, summary)| std::cmp::Reverse(summary.nanoseconds));
    all
}

/// The script of a SHA1, or the scripts and the function of a name.
fn named(server: &Server, name: &[u8]) -> Vec<(Subject, RunSummary)> {
    let scripts = server.scripts.named(name).into_iter().map(Subject::Script);
    let function = server.libraries.function(name).map(Subject::Function);
    scripts
        .chain(function)
        .map(|subject| {
            let summary = subject.summary();
            (subject, summary)
        })
        .collect()
}

/// SCRIPT STATS: of each script and function that ran, or of those of a name, what was counted.
fn stats(call: &mut Call<'_>) -> CommandResult {
    let shown = match call.args.get(2) {
        None => all_that_ran(call.server),
        Some(name) => named(call.server, name),
    };
    if shown.is_empty() && call.args.len() > 2 {
        return Err(CommandError::text("ERR No script or function of this name"));
    }
    call.reply.array(shown.len());
    for (subject, summary) in &shown {
        write_stats(subject, summary, call.reply);
    }
    Ok(())
}

fn write_stats(subject: &Subject, summary: &RunSummary, reply: &mut dyn Reply) {
    reply.map(17);
    match subject {
        Subject::Script(script) => {
            pair(reply, "type", |reply| reply.bulk(b"script"));
            let name = script.name().map(|name| name.as_bytes());
            pair(reply, "name", |reply| reply.bulk_or_null(name));
            pair(reply, "sha1", |reply| reply.bulk(script.sha_bytes()));
        }
        Subject::Function(function) => {
            pair(reply, "type", |reply| reply.bulk(b"function"));
            pair(reply, "name", |reply| {
                reply.bulk(function.name().as_bytes())
            });
            let library = function.library().name();
            pair(reply, "library", |reply| reply.bulk(library.as_bytes()));
        }
    }
    let mode = subject.mode(summary).as_bytes();
    pair(reply, "mode", |reply| reply.bulk(mode));
    for (name, value) in [
        ("calls", summary.calls),
        ("failures", summary.failures),
        ("kills", summary.kills),
        ("undone", summary.undone),
        ("reruns", summary.reruns),
        ("exclusive_calls", summary.exclusive),
        ("usec", summary.nanoseconds / 1000),
    ] {
        integer(reply, name, value);
    }
    for (name, nanoseconds) in [
        ("p50_usec", summary.nanoseconds_p50),
        ("p99_usec", summary.nanoseconds_p99),
        ("max_usec", summary.nanoseconds_max),
    ] {
        pair(reply, name, |reply| reply.double(microseconds(nanoseconds)));
    }
    integer(reply, "memory_peak", summary.memory_max);
    integer(reply, "inner_calls", summary.inner_calls);
    integer(reply, "keys_touched", summary.keys);
}

fn pair(reply: &mut dyn Reply, name: &str, write: impl FnOnce(&mut dyn Reply)) {
    reply.bulk(name.as_bytes());
    write(reply);
}

fn integer(reply: &mut dyn Reply, name: &str, value: u64) {
    pair(reply, name, |reply| {
        reply.integer(i64::try_from(value).unwrap_or(i64::MAX));
    });
}

fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}

/// SCRIPT LIST: the cached scripts, in the order in which they came.
fn list(call: &mut Call<'_>) -> CommandResult {
    let with_code = match call.args.get(2) {
        None => false,
        Some(word) if is_word(word, "withcode") => true,
        Some(_) => return Err(CommandError::Syntax),
    };
    let scripts = call.server.scripts.scripts();
    let reply = &mut *call.reply;
    reply.array(scripts.len());
    for script in &scripts {
        reply.map(if with_code { 6 } else { 5 });
        pair(reply, "sha1", |reply| reply.bulk(script.sha_bytes()));
        let name = script.name().map(|name| name.as_bytes());
        pair(reply, "name", |reply| reply.bulk_or_null(name));
        pair(reply, "flags", |reply| {
            let flags = script.flags().names();
            reply.set(flags.len());
            for flag in flags {
                reply.status(flag);
            }
        });
        // What SCRIPT LOAD brought stays; what EVAL brought may have to make room.
        let origin: &[u8] = if script.is_kept() { b"load" } else { b"eval" };
        pair(reply, "origin", |reply| reply.bulk(origin));
        integer(reply, "bytes", script.bytes() as u64);
        if with_code {
            pair(reply, "code", |reply| reply.bulk(script.text()));
        }
    }
    Ok(())
}

/// INFO's section.
pub(super) fn section(call: &Call<'_>, text: &mut String) {
    text.push_str("# Scriptstats\r\n");
    for (subject, summary) in all_that_ran(call.server).iter().take(SHOWN_BY_INFO) {
        let RunSummary {
            calls,
            failures,
            kills,
            undone,
            reruns,
            memory_max,
            inner_calls,
            keys,
            ..
        } = summary;
        // Writing to a string cannot fail.
        let _ = match subject {
            Subject::Script(script) => {
                let name = script.name().map_or("", |name| name);
                write!(text, "script_{}:name={name}", script.sha())
            }
            Subject::Function(function) => {
                let library = function.library().name();
                write!(text, "function_{}:library={library}", function.name())
            }
        };
        let per_call = microseconds(summary.nanoseconds) / (*calls).max(1) as f64;
        let _ = write!(
            text,
            ",mode={},calls={calls},failures={failures},kills={kills},undone={undone},reruns={reruns},usec={},\
             usec_per_call={per_call:.2},p50_usec={:.2},p99_usec={:.2},max_usec={:.2},memory_peak={memory_max},\
             inner_calls={inner_calls},keys_touched={keys}\r\n",
            subject.mode(summary),
            summary.nanoseconds / 1000,
            microseconds(summary.nanoseconds_p50),
            microseconds(summary.nanoseconds_p99),
            microseconds(summary.nanoseconds_max),
        );
    }
}

/// CONFIG RESETSTAT.
pub(super) fn reset(server: &Server) {
    for script in server.scripts.scripts() {
        script.stats().reset();
    }
    for function in functions(server) {
        function.stats().reset();
    }
}
