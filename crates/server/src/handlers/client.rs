//! CLIENT: what clients can ask and tell about connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use commands::argument::is_word;
use commands::{CommandError, CommandResult};

use crate::client::{ClientRecord, ReplyMode};
use crate::message::Message;
use crate::net::Mail;
use crate::road::run::{Call, Next, ServerHandler};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("client", "id", id),
    ("client", "getname", getname),
    ("client", "setname", setname),
    ("client", "setinfo", setinfo),
    ("client", "info", info),
    ("client", "list", list),
    ("client", "kill", kill),
    ("client", "no-evict", no_evict),
    ("client", "no-touch", no_touch),
    ("client", "reply", reply),
    ("client", "pause", pause),
    ("client", "unpause", unpause),
    ("client", "unblock", unblock),
];

fn id(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(call.client.id() as i64);
    Ok(())
}

fn getname(call: &mut Call<'_>) -> CommandResult {
    let name = call.client.record.name.lock().clone();
    if name.is_empty() {
        call.reply.null()
    } else {
        call.reply.bulk(&name)
    }
    Ok(())
}

/// A client's name must be printable without quotes.
pub(super) fn check_name(name: &[u8]) -> CommandResult {
    if name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Ok(());
    }
    Err(CommandError::text(
        "ERR Client names cannot contain spaces, newlines or special characters.",
    ))
}

fn setname(call: &mut Call<'_>) -> CommandResult {
    let name = call.args[2];
    check_name(name)?;
    *call.client.record.name.lock() = name.to_vec();
    call.reply.ok();
    Ok(())
}

fn setinfo(call: &mut Call<'_>) -> CommandResult {
    let (attribute, value) = (call.args[2], call.args[3]);
    let is_name = is_word(attribute, "lib-name");
    if !is_name && !is_word(attribute, "lib-ver") {
        let before = "ERR Unrecognized option '";
        return Err(CommandError::repeating(before, attribute, "'"));
    }
    if !value.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Err(CommandError::owned(format!(
            "ERR {} cannot contain spaces, newlines or special characters.",
            String::from_utf8_lossy(attribute)
        )));
    }
    let mut library = call.client.record.library.lock();
    if is_name {
        library.0 = value.to_vec();
    } else {
        library.1 = value.to_vec();
    }
    drop(library);
    call.reply.ok();
    Ok(())
}

fn info(call: &mut Call<'_>) -> CommandResult {
    let mut line = call.client.record.line(call.bench.clock.unix_ms());
    line.push(b'\n');
    call.reply.verbatim(b"txt", &line);
    Ok(())
}

/// The kinds of client that CLIENT LIST and CLIENT KILL tell apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientType {
    Normal,
    PubSub,
    /// Primaries and replicas: there are none.
    Replication,
}

fn parse_type(word: &[u8]) -> Result<ClientType, CommandError> {
    if is_word(word, "normal") {
        Ok(ClientType::Normal)
    } else if is_word(word, "pubsub") {
        Ok(ClientType::PubSub)
    } else if ["master", "replica", "slave"]
        .iter()
        .any(|name| is_word(word, name))
    {
        Ok(ClientType::Replication)
    } else {
        let before = "ERR Unknown client type '";
        Err(CommandError::repeating(before, word, "'"))
    }
}

fn type_of(record: &ClientRecord) -> ClientType {
    if record.is_subscriber() {
        ClientType::PubSub
    } else {
        ClientType::Normal
    }
}

/// A client's id, which may be a number that no client has.
fn parse_id(word: &[u8]) -> Result<u64, CommandError> {
    let id = types::number::parse_i64(word).ok_or(CommandError::text("ERR Invalid client ID"))?;
    Ok(u64::try_from(id).unwrap_or(0))
}

fn list(call: &mut Call<'_>) -> CommandResult {
    let mut records: Vec<Arc<ClientRecord>> = Vec::new();
    match &call.args[2..] {
        [] => records = call.server.clients.all(),
        [word, kind] if is_word(word, "type") => {
            let kind = parse_type(kind)?;
            records = call.server.clients.all();
            records.retain(|record| type_of(record) == kind);
        }
        [word, ids @ ..] if is_word(word, "id") && !ids.is_empty() => {
            for id in ids {
                records.extend(call.server.clients.get(parse_id(id)?));
            }
        }
        _ => return Err(CommandError::Syntax),
    }
    let now_ms = call.bench.clock.unix_ms();
    let mut text = Vec::new();
    for record in records {
        text.extend_from_slice(&record.line(now_ms));
        text.push(b'\n');
    }
    call.reply.verbatim(b"txt", &text);
    Ok(())
}

#[derive(Default)]
struct KillFilter<'a> {
    id: Option<u64>,
    address: Option<&'a [u8]>,
    local_address: Option<&'a [u8]>,
    kind: Option<ClientType>,
    user: Option<&'a [u8]>,
    skip_me: bool,
}

impl KillFilter<'_> {
    fn takes(&self, record: &ClientRecord, me: u64) -> bool {
        self.id.is_none_or(|id| record.id == id)
            && self
                .address
                .is_none_or(|address| record.address.as_bytes() == address)
            && self
                .local_address
                .is_none_or(|address| record.local_address.as_bytes() == address)
            && self.kind.is_none_or(|kind| type_of(record) == kind)
            && self.user.is_none_or(|user| user == b"default")
            && !(self.skip_me && record.id == me)
    }
}

fn kill(call: &mut Call<'_>) -> CommandResult {
    let old_form = call.args.len() == 3;
    let mut filter = KillFilter {
        skip_me: !old_form,
        ..KillFilter::default()
    };
    if old_form {
        filter.address = Some(call.args[2]);
    } else {
        let options = &call.args[2..];
        for pair in options.chunks(2) {
            let [option, value] = *pair else {
                return Err(CommandError::Syntax);
            };
            if is_word(option, "id") {
                filter.id = Some(
                    types::number::parse_i64(value)
                        .and_then(|id| u64::try_from(id).ok())
                        .filter(|&id| id > 0)
                        .ok_or(CommandError::text("ERR client-id should be greater than 0"))?,
                );
            } else if is_word(option, "type") {
                filter.kind = Some(parse_type(value)?);
            } else if is_word(option, "addr") {
                filter.address = Some(value);
            } else if is_word(option, "laddr") {
                filter.local_address = Some(value);
            } else if is_word(option, "user") {
                if value != b"default" {
                    let before = "ERR No such user '";
                    return Err(CommandError::repeating(before, value, "'"));
                }
                filter.user = Some(value);
            } else if is_word(option, "skipme") {
                filter.skip_me = match () {
                    () if is_word(value, "yes") => true,
                    () if is_word(value, "no") => false,
                    () => return Err(CommandError::Syntax),
                };
            } else {
                return Err(CommandError::Syntax);
            }
        }
    }
    let me = call.client.id();
    let mut killed = 0;
    for record in call.server.clients.all() {
        if !filter.takes(&record, me) {
            continue;
        }
        killed += 1;
        record.close_asap.store(true, Ordering::Relaxed);
        if record.id == me {
            call.next = Next::Close;
        } else {
            let place = record.place();
            call.server.hub.send_to(place, Mail::Close(place, false));
        }
    }
    if old_form {
        if killed == 0 {
            return Err(CommandError::text("ERR No such client"));
        }
        call.reply.ok();
    } else {
        call.reply.integer(killed);
    }
    Ok(())
}

fn parse_switch(word: &[u8]) -> Result<bool, CommandError> {
    if is_word(word, "on") {
        Ok(true)
    } else if is_word(word, "off") {
        Ok(false)
    } else {
        Err(CommandError::Syntax)
    }
}

fn no_evict(call: &mut Call<'_>) -> CommandResult {
    let on = parse_switch(call.args[2])?;
    call.client.record.no_evict.store(on, Ordering::Relaxed);
    call.reply.ok();
    Ok(())
}

fn no_touch(call: &mut Call<'_>) -> CommandResult {
    let on = parse_switch(call.args[2])?;
    call.client.no_touch = on;
    call.client.record.no_touch.store(on, Ordering::Relaxed);
    call.reply.ok();
    Ok(())
}

fn reply(call: &mut Call<'_>) -> CommandResult {
    let mode = call.args[2];
    if is_word(mode, "on") {
        call.client.reply_mode = ReplyMode::On;
        call.reply.ok();
    } else if is_word(mode, "off") {
        call.client.reply_mode = ReplyMode::Off;
    } else if is_word(mode, "skip") {
        if call.client.reply_mode != ReplyMode::Off {
            call.client.reply_mode = ReplyMode::SkipNext;
        }
    } else {
        return Err(CommandError::Syntax);
    }
    Ok(())
}

fn pause(call: &mut Call<'_>) -> CommandResult {
    let writes_only = match call.args.get(3) {
        None => false,
        Some(mode) if is_word(mode, "write") => true,
        Some(mode) if is_word(mode, "all") => false,
        Some(_) => {
            return Err(CommandError::text(
                "ERR CLIENT PAUSE mode must be WRITE or ALL",
            ));
        }
    };
    let timeout_ms = types::number::parse_i64(call.args[2]).ok_or(CommandError::text(
        "ERR timeout is not an integer or out of range",
    ))?;
    if timeout_ms < 0 {
        return Err(CommandError::text("ERR timeout is negative"));
    }
    let now_ms = call.bench.clock.unix_ms();
    // A time beyond all reckoning is no pause at all, rather than one that nothing could end.
    if let Some(until_ms) = now_ms.checked_add(timeout_ms) {
        call.server.pause.start(until_ms, writes_only, now_ms);
    }
    call.reply.ok();
    Ok(())
}

fn unpause(call: &mut Call<'_>) -> CommandResult {
    call.server.pause.end();
    call.server.wake_all();
    call.reply.ok();
    Ok(())
}

fn unblock(call: &mut Call<'_>) -> CommandResult {
    let with_error = match call.args.get(3) {
        None => false,
        Some(mode) if is_word(mode, "timeout") => false,
        Some(mode) if is_word(mode, "error") => true,
        Some(_) => {
            return Err(CommandError::text(
                "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
            ));
        }
    };
    let id = types::number::parse_i64(call.args[2]).ok_or(CommandError::NotInteger)?;
    let waiter = u64::try_from(id)
        .ok()
        .and_then(|id| call.server.blocked.waiter_of(id));
    let unblocked = match waiter {
        Some((waiter, place)) => {
            let message = Message::Unblock { waiter, with_error };
            call.server.hub.send_to(place, Mail::To(place, message));
            true
        }
        None => false,
    };
    call.reply.integer(i64::from(unblocked));
    Ok(())
}
