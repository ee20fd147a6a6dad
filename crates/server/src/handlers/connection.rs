//! PING, ECHO, SELECT, HELLO, AUTH, QUIT, RESET.

use std::sync::atomic::Ordering;

use commands::argument::{self, is_word};
use commands::{CommandError, CommandResult};
use resp::Protocol;

use crate::client::ReplyMode;
use crate::config::COMPATIBLE_VERSION;
use crate::road::run::{Call, Next, ServerHandler};
use crate::tracking;

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("", "ping", ping),
    ("", "echo", echo),
    ("", "select", select),
    ("", "hello", hello),
    ("", "auth", auth),
    ("", "quit", quit),
    ("", "reset", reset),
];

fn ping(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() > 2 {
        return Err(CommandError::Arity("ping".into()));
    }
    let text = call.args.get(1).copied();
    if call.client.is_subscriber() && call.client.protocol == Protocol::Resp2 {
        call.reply.array(2);
        call.reply.bulk(b"pong");
        call.reply.bulk(text.unwrap_or_default());
    } else {
        match text {
            Some(text) => call.reply.bulk(text),
            None => call.reply.status("PONG"),
        }
    }
    Ok(())
}

fn echo(call: &mut Call<'_>) -> CommandResult {
    call.reply.bulk(call.args[1]);
    Ok(())
}

fn select(call: &mut Call<'_>) -> CommandResult {
    let index = argument::integer_of_32_bits(call.args[1])?;
    let index = usize::try_from(index)
        .ok()
        .filter(|&index| index < call.server.keyspace.database_count())
        .ok_or(CommandError::text("ERR DB index is out of range"))?;
    call.client.select(index);
    call.reply.ok();
    Ok(())
}

/// Checks a user's password; the default user is the only one.
fn authenticate(call: &mut Call<'_>, user: &[u8], password: &[u8]) -> CommandResult {
    let required = call.bench.config.requirepass.clone();
    let required: &[u8] = required.as_ref();
    if user != b"default" || (!required.is_empty() && password != required) {
        return Err(CommandError::text(
            "WRONGPASS invalid username-password pair or user is disabled.",
        ));
    }
    call.client.authenticated = true;
    Ok(())
}

fn auth(call: &mut Call<'_>) -> CommandResult {
    match *call.args {
        [_, password] => {
            let required: &[u8] = call.bench.config.requirepass.as_ref();
            if required.is_empty() {
                return Err(CommandError::text(
                    "ERR AUTH <password> called without any password configured for the default user. Are you sure \
                     your configuration is correct?",
                ));
            }
            authenticate(call, b"default", password)?;
        }
        [_, user, password] => authenticate(call, user, password)?,
        _ => return Err(CommandError::Syntax),
    }
    call.reply.ok();
    Ok(())
}

fn hello(call: &mut Call<'_>) -> CommandResult {
    let mut protocol = call.client.protocol;
    if let Some(version) = call.args.get(1) {
        let version = types::number::parse_i64(version).ok_or(CommandError::text(
            "ERR Protocol version is not an integer or out of range",
        ))?;
        protocol = match version {
            2 => Protocol::Resp2,
            3 => Protocol::Resp3,
            _ => return Err(CommandError::text("NOPROTO unsupported protocol version")),
        };
    }
    let mut at = 2;
    while at < call.args.len() {
        let option = call.args[at];
        let left = call.args.len() - at - 1;
        if is_word(option, "auth") && left >= 2 {
            // Each option takes effect when it is read, whatever is wrong with those behind it.
            let (user, password) = (call.args[at + 1], call.args[at + 2]);
            authenticate(call, user, password)?;
            at += 3;
        } else if is_word(option, "setname") && left >= 1 {
            let wanted = call.args[at + 1];
            super::client::check_name(wanted)?;
            *call.client.record.name.lock() = wanted.to_vec();
            at += 2;
        } else {
            let before = "ERR Syntax error in HELLO option '";
            return Err(CommandError::repeating(before, option, "'"));
        }
    }
    if !call.client.authenticated {
        return Err(CommandError::text(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> \
             <pass> option can be used to authenticate the client and select the RESP protocol version at the \
             same time",
        ));
    }
    call.client.set_protocol(protocol);
    call.reply.switch_protocol(protocol);
    let id = call.client.id();
    call.reply.map(7);
    call.reply.bulk(b"server");
    call.reply.bulk(b"redis");
    call.reply.bulk(b"version");
    call.reply.bulk(COMPATIBLE_VERSION.as_bytes());
    call.reply.bulk(b"proto");
    call.reply.integer(protocol.number());
    call.reply.bulk(b"id");
    call.reply.integer(id as i64);
    call.reply.bulk(b"mode");
    call.reply.bulk(b"standalone");
    call.reply.bulk(b"role");
    call.reply.bulk(b"master");
    call.reply.bulk(b"modules");
    call.reply.array(0);
    Ok(())
}

fn quit(call: &mut Call<'_>) -> CommandResult {
    call.reply.ok();
    // Nothing is told to it from here on, though its connection may last a moment longer.
    call.client.record.close_asap.store(true, Ordering::Relaxed);
    call.next = Next::Close;
    Ok(())
}

fn reset(call: &mut Call<'_>) -> CommandResult {
    super::transaction::discard_transaction(call.client, call.unit);
    super::pubsub::unsubscribe_all(call.server, call.client);
    call.server.monitors.remove(&call.client.record);
    tracking::disable(call.server, &call.client.record);
    call.client.select(0);
    call.client.set_protocol(Protocol::Resp2);
    // A reply that is to be skipped is this one.
    if call.client.reply_mode != ReplyMode::Skip {
        call.client.reply_mode = ReplyMode::On;
    }
    call.client.no_touch = false;
    call.client.record.no_touch.store(false, Ordering::Relaxed);
    call.client.record.no_evict.store(false, Ordering::Relaxed);
    call.client.record.name.lock().clear();
    let required: &[u8] = call.bench.config.requirepass.as_ref();
    call.client.authenticated = required.is_empty();
    call.reply.switch_protocol(Protocol::Resp2);
    call.reply.status("RESET");
    Ok(())
}
