//! Changing fields: HSET, HMSET, HSETNX and HDEL.

use keyspace::Event;
use types::Hash;

use super::HSET;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// `HSET key field value [field value …]`
pub(super) fn hset(context: &mut Context<'_, '_>) -> CommandResult {
    let created = set_all(context, "hset")?;
    context.reply.integer(created);
    Ok(())
}

/// `HMSET key field value [field value …]`
pub(super) fn hmset(context: &mut Context<'_, '_>) -> CommandResult {
    set_all(context, "hmset")?;
    context.reply.ok();
    Ok(())
}

/// Sets the fields among the arguments; how many of them are new.
fn set_all(context: &mut Context<'_, '_>, command: &'static str) -> Result<i64, CommandError> {
    let pairs = &context.args[2..];
    if !pairs.len().is_multiple_of(2) {
        return Err(CommandError::Arity(command.into()));
    }
    let mut edit = context.keys.edit_or_create(context.args[1], Hash::new)?;
    let mut hash = edit.value_mut();
    let mut created = 0;
    for pair in pairs.chunks_exact(2) {
        let old = hash.set(pair[0], pair[1], &context.settings.limits);
        created += i64::from(old.is_none());
    }
    edit.commit_many(HSET, pairs.len() as u64 / 2);
    Ok(created)
}

/// `HSETNX key field value`
pub(super) fn hsetnx(context: &mut Context<'_, '_>) -> CommandResult {
    let (field, value) = (context.args[2], context.args[3]);
    let mut hash = context.keys.edit_or_create(context.args[1], Hash::new)?;
    let absent = !hash.contains(field);
    if absent {
        hash.value_mut().set(field, value, &context.settings.limits);
        hash.commit(HSET);
    }
    context.reply.integer(i64::from(absent));
    Ok(())
}

/// `HDEL key field [field …]`
pub(super) fn hdel(context: &mut Context<'_, '_>) -> CommandResult {
    let mut removed = 0;
    if let Some(mut edit) = context.keys.edit::<Hash>(context.args[1])? {
        let mut hash = edit.value_mut();
        for field in &context.args[2..] {
            removed += u64::from(hash.remove(field).is_some());
        }
        if removed == 0 {
            edit.unchanged();
        } else {
            edit.commit_many(Event::hash("hdel"), removed);
        }
    }
    context.reply.integer(removed as i64);
    Ok(())
}
