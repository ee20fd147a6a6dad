//! SET and the commands it replaced: SETNX, SETEX, PSETEX, GETSET.

use keyspace::Expiry;
use types::{StringValue, Value};

use super::expiry::{TimeForm, deadline};
use super::{EXPIRE, SET, value_reply};
use crate::argument::is_word;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::keys::{InvalidKeys, KeyPosition, KeyPositions};
use crate::record::key_flag;

/// When SET is to set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Always,
    IfAbsent,
    IfPresent,
}

/// What SET was asked for.
struct Options<'a> {
    condition: Condition,
    get: bool,
    keep_ttl: bool,
    expiry: Option<(TimeForm, &'a [u8])>,
}

impl<'a> Options<'a> {
    fn parse(words: &[&'a [u8]]) -> Result<Options<'a>, CommandError> {
        let mut options = Options {
            condition: Condition::Always,
            get: false,
            keep_ttl: false,
            expiry: None,
        };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            if is_word(word, "nx") && options.condition != Condition::IfPresent {
                options.condition = Condition::IfAbsent;
            } else if is_word(word, "xx") && options.condition != Condition::IfAbsent {
                options.condition = Condition::IfPresent;
            } else if is_word(word, "get") {
                options.get = true;
            } else if is_word(word, "keepttl") && options.expiry.is_none() {
                options.keep_ttl = true;
            } else {
                let form = TimeForm::of_word(word).ok_or(CommandError::Syntax)?;
                let amount = words.next().ok_or(CommandError::Syntax)?;
                // The same form twice is taken, the last one counts; two forms are not.
                if options.keep_ttl || options.expiry.is_some_and(|(other, _)| other != form) {
                    return Err(CommandError::Syntax);
                }
                options.expiry = Some((form, amount));
            }
        }
        Ok(options)
    }
}

/// `SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`
pub(super) fn set(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, value) = (context.args[1], context.args[2]);
    if context.args.len() == 3 {
        put(context, key, value, Expiry::Clear);
        context.reply.ok();
        return Ok(());
    }
    let options = Options::parse(&context.args[3..])?;
    let expiry = match options.expiry {
        Some((form, amount)) => Expiry::At(deadline(context, form, amount, "set")?),
        None if options.keep_ttl => Expiry::Keep,
        None => Expiry::Clear,
    };
    if options.get {
        value_reply(context.keys.read::<StringValue>(key)?, context.reply);
    }
    let wanted = match options.condition {
        Condition::Always => true,
        Condition::IfAbsent => !context.keys.exists(key),
        Condition::IfPresent => context.keys.exists(key),
    };
    if wanted {
        put(context, key, value, expiry);
        if options.get && !matches!(expiry, Expiry::At(_)) && context.keys.records_effects() {
            let command: Vec<&[u8]> = context
                .args
                .iter()
                .enumerate()
                .filter(|(index, word)| *index < 3 || !is_word(word, "get"))
                .map(|(_, &word)| word)
                .collect();
            context.effect(&command);
        }
    }
    if !options.get {
        if wanted {
            context.reply.ok();
        } else {
            context.reply.null();
        }
    }
    Ok(())
}

/// `SETNX key value`
pub(super) fn setnx(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, value) = (context.args[1], context.args[2]);
    let absent = !context.keys.exists(key);
    if absent {
        put(context, key, value, Expiry::Clear);
    }
    context.reply.integer(i64::from(absent));
    Ok(())
}

/// `SETEX key seconds value`
pub(super) fn setex(context: &mut Context<'_, '_>) -> CommandResult {
    set_for(context, TimeForm::Seconds, "setex")
}

/// `PSETEX key milliseconds value`
pub(super) fn psetex(context: &mut Context<'_, '_>) -> CommandResult {
    set_for(context, TimeForm::Milliseconds, "psetex")
}

fn set_for(context: &mut Context<'_, '_>, form: TimeForm, command: &str) -> CommandResult {
    let at = deadline(context, form, context.args[2], command)?;
    put(context, context.args[1], context.args[3], Expiry::At(at));
    context.reply.ok();
    Ok(())
}

/// `GETSET key value`
pub(super) fn getset(context: &mut Context<'_, '_>) -> CommandResult {
    let (key, value) = (context.args[1], context.args[2]);
    value_reply(context.keys.read::<StringValue>(key)?, context.reply);
    put(context, key, value, Expiry::Clear);
    context.effect(&[b"SET", key, value]);
    Ok(())
}

fn put(context: &mut Context<'_, '_>, key: &[u8], value: &[u8], expiry: Expiry) {
    if let Expiry::At(at) = expiry {
        context.effect_with_number(&[b"SET", key, value, b"PXAT"], at);
    }
    let value = Value::String(StringValue::new(value));
    context.keys.set(key, value, expiry, SET);
    if matches!(expiry, Expiry::At(_)) {
        context.keys.note_event(EXPIRE, key);
    }
}

/// SET reads its key only with GET.
pub(super) fn find_key(args: &[&[u8]]) -> Result<KeyPositions, InvalidKeys> {
    let reads = args[3..].iter().any(|word| is_word(word, "get"));
    let flags = if reads {
        key_flag::RW | key_flag::ACCESS | key_flag::UPDATE
    } else {
        key_flag::OW | key_flag::UPDATE
    };
    Ok(KeyPositions::from_slice(&[KeyPosition { index: 1, flags }]))
}
