//! SLOWLOG.

use commands::argument::is_word;
use commands::{CommandError, CommandResult};

use resp::Reply;

use crate::road::run::{Call, ServerHandler};
use crate::slowlog::SlowScript;

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("slowlog", "get", get),
    ("slowlog", "len", len),
    ("slowlog", "reset", reset),
];

/// How many entries SLOWLOG GET shows unless told.
const SHOWN_BY_DEFAULT: usize = 10;

fn get(call: &mut Call<'_>) -> CommandResult {
    let count = match call.args.get(2) {
        None => SHOWN_BY_DEFAULT,
        Some(count) => match types::number::parse_i64(count) {
            Some(-1) => usize::MAX,
            Some(count) if count >= 0 => usize::try_from(count).unwrap_or(usize::MAX),
            _ => {
                return Err(CommandError::text(
                    "ERR count should be greater than or equal to -1",
                ));
            }
        },
    };
    let inner = match call.args {
        [_, _] | [_, _, _] => false,
        [_, _, _, word] if is_word(word, "inner") => true,
        _ => {
            return Err(CommandError::owned(format!(
                "ERR unknown subcommand or wrong number of arguments for '{}'. Try SLOWLOG HELP.",
                String::from_utf8_lossy(call.args[1])
            )));
        }
    };
    let entries = call.server.slowlog.newest(count);
    call.reply.array(entries.len());
    for entry in entries {
        call.reply.array(if inner { 7 } else { 6 });
        call.reply.integer(entry.id as i64);
        call.reply.integer(entry.unix_seconds);
        call.reply.integer(entry.microseconds as i64);
        call.reply.array(entry.args.len());
        for argument in &entry.args {
            call.reply.bulk(argument);
        }
        call.reply.bulk(entry.address.as_bytes());
        call.reply.bulk(&entry.client_name);
        if inner {
            write_script(entry.script.as_ref(), call.reply);
        }
    }
    Ok(())
}

/// What made a script slow; an empty map for other commands.
fn write_script(script: Option<&SlowScript>, reply: &mut dyn Reply) {
    let Some(script) = script else {
        reply.map(0);
        return;
    };
    reply.map(4);
    reply.bulk(b"script");
    reply.bulk(script.name.as_bytes());
    reply.bulk(b"name");
    reply.bulk_or_null(script.given_name.as_ref().map(|name| name.as_bytes()));
    reply.bulk(b"inner_calls");
    reply.integer(script.inner_calls as i64);
    reply.bulk(b"slowest");
    reply.array(script.slowest.len());
    for call in &script.slowest {
        reply.array(2);
        reply.integer(call.microseconds as i64);
        reply.array(call.args.len());
        for argument in &call.args {
            reply.bulk(argument);
        }
    }
}

fn len(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(call.server.slowlog.len() as i64);
    Ok(())
}

fn reset(call: &mut Call<'_>) -> CommandResult {
    call.server.slowlog.reset();
    call.reply.ok();
    Ok(())
}
