//! Union, intersection and difference: SUNION, SINTER, SDIFF, their STORE forms, SINTERCARD.

use keyspace::{Event, Expiry, Unit};
use resp::Aggregate;
use smallvec::SmallVec;
use types::{Limits, Set, Text, Value};

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// The sets under some keys, in the keys' order; `None` where there is no key.
type Inputs<'u> = SmallVec<[Option<&'u Set>; 4]>;

/// Looks all keys up, for all have to be sets.
fn inputs<'u>(keys: &'u mut Unit<'_>, names: &[&[u8]]) -> Result<Inputs<'u>, CommandError> {
    for name in names {
        keys.read::<Set>(name)?;
    }
    let keys = &*keys;
    let inputs = names.iter().map(|name| keys.peek_as::<Set>(name));
    Ok(inputs.collect::<Result<_, _>>()?)
}

/// Visits the members all sets have until told to stop.
fn intersect(inputs: &Inputs<'_>, mut visit: impl FnMut(Text<'_>) -> bool) {
    let sets: Option<SmallVec<[&Set; 4]>> = inputs.iter().copied().collect();
    let Some(mut sets) = sets else { return };
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else {
        return;
    };
    for member in smallest.iter() {
        if others.iter().all(|set| set.contains(&member)) && !visit(member) {
            return;
        }
    }
}

fn intersection(inputs: &Inputs<'_>, limits: &Limits) -> Set {
    let mut result = Set::new();
    intersect(inputs, |member| {
        result.add(&member, limits);
        true
    });
    result
}

fn union(inputs: &Inputs<'_>, limits: &Limits) -> Set {
    let mut result = Set::new();
    for set in inputs.iter().flatten() {
        for member in set.iter() {
            result.add(&member, limits);
        }
    }
    result
}

fn difference(inputs: &Inputs<'_>, limits: &Limits) -> Set {
    let mut result = Set::new();
    if let Some((Some(first), others)) = inputs.split_first() {
        for member in first.iter() {
            let elsewhere = others.iter().flatten().any(|set| set.contains(&member));
            if !elsewhere {
                result.add(&member, limits);
            }
        }
    }
    result
}

/// `SINTER key [key …]`
pub(super) fn sinter(context: &mut Context<'_, '_>) -> CommandResult {
    let inputs = inputs(context.keys, &context.args[1..])?;
    let reply = &mut *context.reply;
    let mark = reply.open(Aggregate::Set);
    let mut count = 0;
    intersect(&inputs, |member| {
        reply.bulk(&member);
        count += 1;
        true
    });
    reply.close(mark, count);
    Ok(())
}

/// `SINTERCARD numkeys key [key …] [LIMIT limit]`
pub(super) fn sintercard(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let key_count = types::number::parse_i64(args[1])
        .and_then(|count| usize::try_from(count).ok())
        .filter(|&count| count > 0)
        .ok_or(CommandError::text("ERR numkeys should be greater than 0"))?;
    let (names, mut words) = args[2..]
        .split_at_checked(key_count)
        .ok_or(CommandError::text(
            "ERR Number of keys can't be greater than number of args",
        ))?;
    let mut limit = 0;
    while let [word, rest @ ..] = words {
        let [value, rest @ ..] = rest else {
            return Err(CommandError::Syntax);
        };
        if !is_word(word, "limit") {
            return Err(CommandError::Syntax);
        }
        limit = argument::intersection_limit(value)?;
        words = rest;
    }
    let inputs = inputs(context.keys, names)?;
    let mut count = 0;
    intersect(&inputs, |_| {
        count += 1;
        count != limit
    });
    context.reply.integer(count as i64);
    Ok(())
}

/// `SUNION key [key …]`
pub(super) fn sunion(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, union)
}

/// `SDIFF key [key …]`
pub(super) fn sdiff(context: &mut Context<'_, '_>) -> CommandResult {
    answer(context, difference)
}

fn answer(
    context: &mut Context<'_, '_>,
    combine: fn(&Inputs<'_>, &Limits) -> Set,
) -> CommandResult {
    let inputs = inputs(context.keys, &context.args[1..])?;
    let result = combine(&inputs, &context.settings.limits);
    context.reply.set(result.len());
    for member in result.iter() {
        context.reply.bulk(&member);
    }
    Ok(())
}

/// `SINTERSTORE destination key [key …]`
pub(super) fn sinterstore(context: &mut Context<'_, '_>) -> CommandResult {
    store(context, intersection, Event::set("sinterstore"))
}

/// `SUNIONSTORE destination key [key …]`
pub(super) fn sunionstore(context: &mut Context<'_, '_>) -> CommandResult {
    store(context, union, Event::set("sunionstore"))
}

/// `SDIFFSTORE destination key [key …]`
pub(super) fn sdiffstore(context: &mut Context<'_, '_>) -> CommandResult {
    store(context, difference, Event::set("sdiffstore"))
}

fn store(
    context: &mut Context<'_, '_>,
    combine: fn(&Inputs<'_>, &Limits) -> Set,
    event: Event,
) -> CommandResult {
    let key = context.args[1];
    let result = combine(
        &inputs(context.keys, &context.args[2..])?,
        &context.settings.limits,
    );
    let count = result.len();
    if count == 0 {
        context.keys.remove(key, Event::DEL);
    } else {
        let value = Value::Set(Box::new(result));
        context.keys.set(key, value, Expiry::Clear, event);
    }
    context.reply.integer(count as i64);
    Ok(())
}
