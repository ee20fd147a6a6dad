//! Members at random: SRANDMEMBER and SPOP.

use keyspace::Event;
use types::Set;

use crate::argument;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

const SPOP: Event = Event::set("spop");

/// A set of more members than this is freed elsewhere.
const DISPOSE_MEMBERS: usize = 64;

/// So many members at most stand in one effect.
const EFFECT_MEMBERS: usize = 1024;

/// `SRANDMEMBER key [count]`; a negative count may give members several times
pub(super) fn srandmember(context: &mut Context<'_, '_>) -> CommandResult {
    let (args, random) = (context.args, &mut *context.random);
    let mut random = || random.next_u64();
    let count = match &args[2..] {
        [] => {
            let set = context.keys.read::<Set>(args[1])?;
            let member = set.and_then(|set| set.random(&mut random));
            context.reply.bulk_or_null(member.as_deref());
            return Ok(());
        }
        [count] => argument::sample_count(count)?,
        _ => return Err(CommandError::Syntax),
    };
    let Some(set) = context.keys.read::<Set>(args[1])? else {
        context.reply.array(0);
        return Ok(());
    };
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count >= 0 && wanted >= set.len() {
        context.reply.array(set.len());
        for member in set.iter() {
            context.reply.bulk(&member);
        }
    } else if count >= 0 {
        context.reply.array(wanted);
        for member in set.random_distinct(wanted, &mut random) {
            context.reply.bulk(&member);
        }
    } else {
        argument::check_repeats(wanted)?;
        context.reply.array(wanted);
        for _ in 0..wanted {
            let member = set.random(&mut random);
            context
                .reply
                .bulk(&member.expect("a set under a key has members"));
        }
    }
    Ok(())
}

/// `SPOP key [count]`
pub(super) fn spop(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    match &args[2..] {
        [] => pop_one(context),
        [count] => {
            let count = argument::positive(count)?;
            pop_many(context, count)
        }
        _ => Err(CommandError::Syntax),
    }
}

fn pop_one(context: &mut Context<'_, '_>) -> CommandResult {
    let random = &mut *context.random;
    let mut popped = None;
    if let Some(mut edit) = context.keys.edit::<Set>(context.args[1])? {
        popped = edit.value_mut().pop(&mut || random.next_u64());
        edit.commit(SPOP);
    }
    if let Some(popped) = &popped {
        context.effect(&[b"SREM", context.args[1], popped]);
    }
    context.reply.bulk_or_null(popped.as_deref());
    Ok(())
}

fn pop_many(context: &mut Context<'_, '_>, count: usize) -> CommandResult {
    let key = context.args[1];
    let random = &mut *context.random;
    let tells = context.keys.records_effects();
    let Some(mut edit) = context.keys.edit::<Set>(key)? else {
        context.reply.set(0);
        return Ok(());
    };
    let count = count.min(edit.len());
    context.reply.set(count);
    if count == 0 {
        edit.unchanged();
    } else if count == edit.len() {
        for member in edit.iter() {
            context.reply.bulk(&member);
        }
        let set = edit.replace(Set::new());
        edit.commit_many(SPOP, count as u64);
        context.effect(&[b"DEL", key]);
        if count > DISPOSE_MEMBERS {
            (context.dispose)(Box::new(set));
        }
    } else {
        let mut set = edit.value_mut();
        let mut gone = Vec::with_capacity(if tells { count } else { 0 });
        for _ in 0..count {
            let member = set.pop(&mut || random.next_u64());
            let member = member.expect("fewer are popped than there are");
            context.reply.bulk(&member);
            if tells {
                gone.push(member);
            }
        }
        edit.commit_many(SPOP, count as u64);
        for members in gone.chunks(EFFECT_MEMBERS) {
            let members = members.iter().map(|member| &**member);
            let command: Vec<&[u8]> = [b"SREM", key].into_iter().chain(members).collect();
            context.effect(&command);
        }
    }
    Ok(())
}
