//! SLOWLOG.

use commands::{CommandError, CommandResult};

use crate::road::run::{Call, ServerHandler};

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
    let entries = call.server.slowlog.newest(count);
    call.reply.array(entries.len());
    for entry in entries {
        call.reply.array(6);
        call.reply.integer(entry.id as i64);
        call.reply.integer(entry.unix_seconds);
        call.reply.integer(entry.microseconds as i64);
        call.reply.array(entry.args.len());
        for argument in &entry.args {
            call.reply.bulk(argument);
        }
        call.reply.bulk(entry.address.as_bytes());
        call.reply.bulk(&entry.client_name);
    }
    Ok(())
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
