//! When keys expire: EXPIRE, TTL and their kin.

use keyspace::Event;

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// The unit a command counts time in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Precision {
    Seconds,
    Milliseconds,
}

/// What a command's time is counted from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Now,
    UnixEpoch,
}

/// `EXPIRE key seconds [NX | XX | GT | LT]`
pub(super) fn expire(context: &mut Context<'_, '_>) -> CommandResult {
    set_expiry(context, Precision::Seconds, Origin::Now, "expire")
}

/// `PEXPIRE key milliseconds [NX | XX | GT | LT]`
pub(super) fn pexpire(context: &mut Context<'_, '_>) -> CommandResult {
    set_expiry(context, Precision::Milliseconds, Origin::Now, "pexpire")
}

/// `EXPIREAT key unix-time-seconds [NX | XX | GT | LT]`
pub(super) fn expireat(context: &mut Context<'_, '_>) -> CommandResult {
    set_expiry(context, Precision::Seconds, Origin::UnixEpoch, "expireat")
}

/// `PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]`
pub(super) fn pexpireat(context: &mut Context<'_, '_>) -> CommandResult {
    set_expiry(
        context,
        Precision::Milliseconds,
        Origin::UnixEpoch,
        "pexpireat",
    )
}

/// When an expiry is to be set.
#[derive(Clone, Copy, Default)]
struct Conditions {
    if_none: bool,
    if_some: bool,
    if_later: bool,
    if_sooner: bool,
}

impl Conditions {
    fn parse(words: &[&[u8]]) -> Result<Conditions, CommandError> {
        let mut conditions = Conditions::default();
        for word in words {
            let condition = match word {
                _ if is_word(word, "nx") => &mut conditions.if_none,
                _ if is_word(word, "xx") => &mut conditions.if_some,
                _ if is_word(word, "gt") => &mut conditions.if_later,
                _ if is_word(word, "lt") => &mut conditions.if_sooner,
                _ => {
                    return Err(CommandError::repeating("ERR Unsupported option ", word, ""));
                }
            };
            *condition = true;
        }
        let Conditions {
            if_none,
            if_some,
            if_later,
            if_sooner,
        } = conditions;
        if if_none && (if_some || if_later || if_sooner) {
            return Err(CommandError::text(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if if_later && if_sooner {
            return Err(CommandError::text(
                "ERR GT and LT options at the same time are not compatible",
            ));
        }
        Ok(conditions)
    }

    /// A key without expiry lives for ever: nothing is later.
    fn allow(self, current: Option<i64>, at: i64) -> bool {
        match current {
            None => !self.if_some && !self.if_later,
            Some(current) => {
                !self.if_none
                    && (!self.if_later || at > current)
                    && (!self.if_sooner || at < current)
            }
        }
    }
}

fn set_expiry(
    context: &mut Context<'_, '_>,
    precision: Precision,
    origin: Origin,
    command: &str,
) -> CommandResult {
    let key = context.args[1];
    let conditions = Conditions::parse(&context.args[3..])?;
    let amount = argument::integer(context.args[2])?;
    let now_ms = context.keys.now_ms();
    let at = match precision {
        Precision::Seconds => amount.checked_mul(1000),
        Precision::Milliseconds => Some(amount),
    }
    .and_then(|milliseconds| match origin {
        Origin::Now => milliseconds.checked_add(now_ms),
        Origin::UnixEpoch => Some(milliseconds),
    })
    .ok_or_else(|| {
        CommandError::owned(format!("ERR invalid expire time in '{command}' command"))
    })?;

    let allowed = match context.keys.expiry(key) {
        None => false,
        Some(current) => conditions.allow(current, at),
    };
    if allowed && at <= now_ms {
        context.keys.remove(key, Event::DEL);
        context.effect(&[b"DEL", key]);
    } else if allowed {
        context
            .keys
            .set_expiry(key, Some(at), Event::generic("expire"));
        context.effect_with_number(&[b"PEXPIREAT", key], at);
    }
    context.reply.integer(i64::from(allowed));
    Ok(())
}

/// `PERSIST key`
pub(super) fn persist(context: &mut Context<'_, '_>) -> CommandResult {
    let key = context.args[1];
    let expires = context.keys.expiry(key).flatten().is_some();
    if expires {
        context
            .keys
            .set_expiry(key, None, Event::generic("persist"));
    }
    context.reply.integer(i64::from(expires));
    Ok(())
}

/// `TTL key`
pub(super) fn ttl(context: &mut Context<'_, '_>) -> CommandResult {
    tell_expiry(context, Precision::Seconds, Origin::Now)
}

/// `PTTL key`
pub(super) fn pttl(context: &mut Context<'_, '_>) -> CommandResult {
    tell_expiry(context, Precision::Milliseconds, Origin::Now)
}

/// `EXPIRETIME key`
pub(super) fn expiretime(context: &mut Context<'_, '_>) -> CommandResult {
    tell_expiry(context, Precision::Seconds, Origin::UnixEpoch)
}

/// `PEXPIRETIME key`
pub(super) fn pexpiretime(context: &mut Context<'_, '_>) -> CommandResult {
    tell_expiry(context, Precision::Milliseconds, Origin::UnixEpoch)
}

fn tell_expiry(
    context: &mut Context<'_, '_>,
    precision: Precision,
    origin: Origin,
) -> CommandResult {
    let key = context.args[1];
    let answer = if context.keys.glance(key).is_none() {
        -2
    } else {
        match context.keys.expiry(key).flatten() {
            None => -1,
            Some(at) => {
                let milliseconds = match origin {
                    Origin::Now => (at - context.keys.now_ms()).max(0),
                    Origin::UnixEpoch => at,
                };
                match precision {
                    Precision::Seconds => {
                        milliseconds / 1000 + i64::from(milliseconds % 1000 >= 500)
                    }
                    Precision::Milliseconds => milliseconds,
                }
            }
        }
    };
    context.reply.integer(answer);
    Ok(())
}
