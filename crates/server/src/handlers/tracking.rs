//! CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR: client-side caching.

use std::sync::Arc;

use commands::argument::is_word;
use commands::{CommandError, CommandResult};

use crate::road::run::{Call, ServerHandler};
use crate::tracking::{self, Options, tracking_flag};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("client", "tracking", track),
    ("client", "caching", caching),
    ("client", "trackinginfo", tracking_info),
    ("client", "getredir", redirect),
];

fn parse_options<'a>(call: &Call<'a>) -> Result<Options<'a>, CommandError> {
    let mut options = Options::default();
    let mut words = call.args[3..].iter();
    while let Some(&word) = words.next() {
        let value = words.as_slice().first().copied();
        if let (true, Some(id)) = (is_word(word, "redirect"), value) {
            words.next();
            if options.redirect.is_some() {
                return Err(CommandError::text(
                    "ERR A client can only redirect to a single other client",
                ));
            }
            let id = types::number::parse_i64(id).ok_or(CommandError::NotInteger)?;
            let target = u64::try_from(id)
                .ok()
                .and_then(|id| call.server.clients.get(id));
            let Some(target) = target else {
                return Err(CommandError::text(
                    "ERR The client ID you want redirect to does not exist",
                ));
            };
            options.redirect = Some(target.id);
        } else if is_word(word, "bcast") {
            options.broadcasts = true;
        } else if is_word(word, "optin") {
            options.opt_in = true;
        } else if is_word(word, "optout") {
            options.opt_out = true;
        } else if is_word(word, "noloop") {
            options.no_loop = true;
        } else if let (true, Some(prefix)) = (is_word(word, "prefix"), value) {
            words.next();
            options.prefixes.push(prefix);
        } else {
            return Err(CommandError::Syntax);
        }
    }
    Ok(options)
}

fn track(call: &mut Call<'_>) -> CommandResult {
    let options = parse_options(call)?;
    let (server, record) = (call.server, Arc::clone(&call.client.record));
    if is_word(call.args[2], "on") {
        let existing = server.tracking.prefixes_of(record.id);
        options.check(&record.tracking, &existing)?;
        tracking::enable(server, &record, &options);
    } else if is_word(call.args[2], "off") {
        tracking::disable(server, &record);
    } else {
        return Err(CommandError::Syntax);
    }
    call.reply.ok();
    Ok(())
}

fn caching(call: &mut Call<'_>) -> CommandResult {
    let state = &call.client.record.tracking;
    let (opt_in, opt_out) = (
        state.has(tracking_flag::OPTIN),
        state.has(tracking_flag::OPTOUT),
    );
    let is_on = state.has(tracking_flag::ON);
    if !is_on {
        return Err(CommandError::text(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode \
             enabled",
        ));
    }
    let word = call.args[2];
    if is_word(word, "yes") {
        if !opt_in {
            return Err(CommandError::text(
                "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
            ));
        }
    } else if is_word(word, "no") {
        if !opt_out {
            return Err(CommandError::text(
                "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
            ));
        }
    } else {
        return Err(CommandError::Syntax);
    }
    state.set(tracking_flag::CACHING);
    call.reply.ok();
    Ok(())
}

fn tracking_info(call: &mut Call<'_>) -> CommandResult {
    let state = &call.client.record.tracking;
    let words = state.words();
    call.reply.map(3);
    call.reply.bulk(b"flags");
    call.reply.set(words.len());
    for word in words {
        call.reply.bulk(word.as_bytes());
    }
    call.reply.bulk(b"redirect");
    call.reply.integer(state.shown_redirect());
    call.reply.bulk(b"prefixes");
    let prefixes = call.server.tracking.prefixes_of(call.client.id());
    call.reply.array(prefixes.len());
    for prefix in prefixes {
        call.reply.bulk(&prefix);
    }
    Ok(())
}

fn redirect(call: &mut Call<'_>) -> CommandResult {
    call.reply
        .integer(call.client.record.tracking.shown_redirect());
    Ok(())
}
