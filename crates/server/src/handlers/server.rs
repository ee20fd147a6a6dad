//! TIME, WAIT, SHUTDOWN.

use commands::argument::is_word;
use commands::{CommandError, CommandResult};

use crate::road::Origin;
use crate::road::run::{Call, Next, ServerHandler};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("", "time", time),
    ("", "wait", wait),
    ("", "shutdown", shutdown),
];

fn time(call: &mut Call<'_>) -> CommandResult {
    let now_us = match call.origin {
        // A script's time stands still.
        Origin::Script { .. } => call.bench.clock.unix_us(),
        _ => {
            call.bench.clock.tick();
            call.bench.clock.unix_us()
        }
    };
    call.reply.array(2);
    call.reply.bulk_integer(now_us / 1_000_000);
    call.reply.bulk_integer(now_us % 1_000_000);
    Ok(())
}

fn wait(call: &mut Call<'_>) -> CommandResult {
    let replicas = types::number::parse_i64(call.args[1]).ok_or(CommandError::NotInteger)?;
    let timeout_ms = types::number::parse_i64(call.args[2]).ok_or(CommandError::text(
        "ERR timeout is not an integer or out of range",
    ))?;
    if timeout_ms < 0 {
        return Err(CommandError::text("ERR timeout is negative"));
    }
    // There are no replicas, so nobody will ever acknowledge.
    if replicas <= 0 || call.origin != Origin::Client {
        call.reply.integer(0);
        return Ok(());
    }
    call.next = Next::WaitForReplicas((timeout_ms > 0).then_some(timeout_ms));
    Ok(())
}

fn shutdown(call: &mut Call<'_>) -> CommandResult {
    let mut abort = false;
    for word in &call.args[1..] {
        if is_word(word, "abort") {
            abort = true;
        } else if !["nosave", "save", "now", "force"]
            .iter()
            .any(|known| is_word(word, known))
        {
            return Err(CommandError::Syntax);
        }
    }
    if abort {
        if call.args.len() > 2 {
            return Err(CommandError::Syntax);
        }
        return Err(CommandError::text("ERR No shutdown in progress."));
    }
    let names = |name: &str| call.args[1..].iter().any(|word| is_word(word, name));
    if names("save") && names("nosave") {
        return Err(CommandError::Syntax);
    }
    let saves = !call.args[1..].iter().any(|word| is_word(word, "nosave"));
    let threshold_ms = call.bench.config.busy_reply_threshold;
    if saves && let Some(script) = call.server.running.any_overdue(threshold_ms) {
        // What is saved must not be half of what a script writes.
        return Err(CommandError::owned(script.busy_text()));
    }
    call.server.running.kill_all();
    call.next = Next::Shutdown;
    Ok(())
}
