//! DEBUG: what tests need.

use std::sync::atomic::Ordering;

use commands::argument::is_word;
use commands::{CommandError, CommandResult};

use keyspace::LockPlan;

use super::digest;
use crate::client::Client;
use crate::config::enums::LocalSwitch;
use crate::config::settings;
use crate::road::lookup::Planner;
use crate::road::run::{Call, ServerHandler};
use crate::server::Server;

/// Largest element that a list may be told to keep beside others.
const PACKED_THRESHOLD_MAX: u64 = 4 << 30;

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[("", "debug", debug)];

pub(super) const PLANNERS: &[(&str, Planner)] = &[("debug", |server, _, client, args| {
    plan(server, client, args)
})];

/// The locks of the subcommands that look at keys.
fn plan(_server: &Server, _client: &Client, args: &[&[u8]]) -> LockPlan {
    match args {
        [_, word, key, ..] if is_word(word, "object") => LockPlan::for_keys([*key]),
        [_, word, keys @ ..] if is_word(word, "digest-value") => {
            LockPlan::for_keys(keys.iter().copied())
        }
        [_, word] if is_word(word, "digest") => LockPlan::All,
        _ => LockPlan::None,
    }
}

fn debug(call: &mut Call<'_>) -> CommandResult {
    let allowed = match call.bench.config.enable_debug_command {
        LocalSwitch::Yes => true,
        LocalSwitch::No => false,
        LocalSwitch::Local => call.client.record.is_local(),
    };
    if !allowed {
        return Err(CommandError::text(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it \
             from a local connection, otherwise you need to set this option in the configuration file, and then \
             restart the server.",
        ));
    }
    let arguments = &call.args[2..];
    let word = call.args[1];
    if is_word(word, "sleep") && arguments.len() == 1 {
        let seconds = types::number::parse_f64(arguments[0]).unwrap_or(0.0);
        if seconds > 0.0 {
            std::thread::sleep(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default());
        }
        call.reply.ok();
    } else if is_word(word, "effects") && arguments.len() == 1 {
        effects(call)?;
    } else if is_word(word, "object") && !arguments.is_empty() {
        object(call)?;
    } else if is_word(word, "set-active-expire") && arguments.len() == 1 {
        call.server
            .keyspace
            .settings
            .set_active_expire(arguments[0] != b"0");
        call.reply.ok();
    } else if is_word(word, "pause-cron") && arguments.len() == 1 {
        let paused = arguments[0] != b"0";
        call.server.cron_paused.store(paused, Ordering::Relaxed);
        call.reply.ok();
    } else if is_word(word, "set-disable-deny-scripts") && arguments.len() == 1 {
        call.server
            .deny_scripts_disabled
            .store(arguments[0] != b"0", Ordering::Relaxed);
        call.reply.ok();
    } else if is_word(word, "quicklist-packed-threshold") && arguments.len() == 1 {
        let bytes = settings::memory(arguments[0])
            .filter(|&bytes| bytes <= PACKED_THRESHOLD_MAX)
            .ok_or(CommandError::text(
                "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
            ))?;
        call.server
            .list_plain_element_min
            .store(bytes as usize, Ordering::Relaxed);
        call.server.config.announce();
        call.bench.take_config(call.server);
        call.reply.ok();
    } else if is_word(word, "digest") && arguments.is_empty() {
        digest::data_set(call);
    } else if is_word(word, "digest-value") {
        digest::values(call);
    } else if is_word(word, "protocol") && arguments.len() == 1 {
        protocol(call)?;
    } else if is_word(word, "log") && arguments.len() == 1 {
        let text = String::from_utf8_lossy(arguments[0]).into_owned();
        call.server.log.warning(format_args!("DEBUG LOG: {text}"));
        call.reply.ok();
    } else if is_word(word, "error") && arguments.len() == 1 {
        return Err(CommandError::Bytes(arguments[0].to_vec()));
    } else if is_word(word, "help") {
        return help(call);
    } else {
        return Err(CommandError::repeating(
            "ERR unknown subcommand or wrong number of arguments for '",
            &word[..word.len().min(128)],
            "'. Try DEBUG HELP.",
        ));
    }
    Ok(())
}

/// `DEBUG EFFECTS ON | OFF | GET`: what the append-only file and replicas would have read since ON or the last GET. Each effect
/// is an array of its database, its readers (`all`, `aof`, `replicas`) and its command.
fn effects(call: &mut Call<'_>) -> CommandResult {
    let word = call.args[2];
    if is_word(word, "on") || is_word(word, "off") {
        call.server.effects.keep(is_word(word, "on"));
        call.reply.ok();
    } else if is_word(word, "get") {
        let effects = call.server.effects.take();
        call.reply.array(effects.len());
        for effect in &effects {
            call.reply.array(2 + effect.command.len());
            call.reply.integer(effect.database as i64);
            let readers = effect.readers;
            call.reply
                .bulk(match (readers.append_only_file, readers.replicas) {
                    (true, true) => b"all",
                    (true, false) => b"aof",
                    (false, _) => b"replicas",
                });
            for word in &effect.command {
                call.reply.bulk(word);
            }
        }
    } else {
        return Err(CommandError::Syntax);
    }
    Ok(())
}

fn object(call: &mut Call<'_>) -> CommandResult {
    let key = call.args[2];
    let Some((info, bytes)) = call.unit.inspect(key) else {
        return Err(CommandError::NoSuchKey);
    };
    let clock = (call.unit.now_ms() / 1000) as u64;
    let text = format!(
        "Value at:0x7f0000000000 refcount:1 encoding:{} serializedlength:{bytes} lru:{} lru_seconds_idle:{}",
        info.encoding,
        clock.saturating_sub(info.idle_seconds) & 0x00ff_ffff,
        info.idle_seconds
    );
    call.reply.status(&text);
    Ok(())
}

/// What Redis sends as its sample of a double: not meant to be pi.
#[expect(clippy::approx_constant, reason = "the sample is what it is")]
const TEST_DOUBLE: f64 = 3.141_f64;

/// One reply of each kind, for client libraries to try their parsers on.
fn protocol(call: &mut Call<'_>) -> CommandResult {
    let kind = call.args[2];
    let is = |name: &str| is_word(kind, name);
    if is("string") {
        call.reply.bulk(b"Hello World");
    } else if is("integer") {
        call.reply.integer(12345);
    } else if is("double") {
        call.reply.double(TEST_DOUBLE);
    } else if is("null") {
        call.reply.null();
    } else if is("array") {
        call.reply.array(3);
        for value in 0..3 {
            call.reply.integer(value);
        }
    } else if is("set") {
        call.reply.set(3);
        for value in 0..3 {
            call.reply.integer(value);
        }
    } else if is("map") {
        call.reply.map(3);
        for value in 0..3 {
            call.reply.integer(value);
            call.reply.boolean(value == 1);
        }
    } else if is("attrib") {
        if call.client.protocol.is_resp3() {
            call.reply.attribute(1);
            call.reply.bulk(b"key-popularity");
            call.reply.array(2);
            call.reply.bulk(b"key:123");
            call.reply.integer(90);
        }
        call.reply.bulk(b"Some real reply following the attribute");
    } else if is("push") && !call.client.protocol.is_resp3() {
        return Err(CommandError::text(
            "ERR RESP2 is not supported by this command",
        ));
    } else if is("push") {
        if !call.client.protocol.is_resp3() {
            return Err(CommandError::text(
                "ERR RESP2 is not supported by this command",
            ));
        }
        call.reply.push(2);
        call.reply.bulk(b"server-cpu-usage");
        call.reply.integer(42);
        call.reply.bulk(b"Some real reply following the push reply");
    } else if is("verbatim") {
        call.reply.verbatim(b"txt", b"This is a verbatim\nstring");
    } else if is("true") {
        call.reply.boolean(true);
    } else if is("false") {
        call.reply.boolean(false);
    } else if is("bignum") {
        call.reply
            .big_number(b"1234567999999999999999999999999999999");
    } else {
        return Err(CommandError::text(
            "ERR Wrong protocol type name. Please use one of the following: \
             string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
        ));
    }
    Ok(())
}

fn help(call: &mut Call<'_>) -> CommandResult {
    let lines = [
        "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DIGEST",
        "    Replies with a digest of all databases.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Replies with a digest of each key's value.",
        "ERROR <string>",
        "    Replies with an error of this text.",
        "LOG <message>",
        "    Writes a message to the log.",
        "OBJECT <key>",
        "    Tells how a key is kept.",
        "PAUSE-CRON <0|1>",
        "    Whether periodic work rests.",
        "PROTOCOL <type>",
        "    Replies with a value of a protocol type.",
        "QUICKLIST-PACKED-THRESHOLD <size>",
        "    Gives list elements of this size a node of their own; 0 for the usual size.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Whether keys expire before they are looked at.",
        "SET-DISABLE-DENY-SCRIPTS <0|1>",
        "    Whether scripts may call every command.",
        "SLEEP <seconds>",
        "    Holds this thread up.",
        "HELP",
        "    Prints this help.",
    ];
    call.reply.array(lines.len());
    for line in lines {
        call.reply.status(line);
    }
    Ok(())
}
