//! Adding, removing and moving members: SADD, SREM and SMOVE.

use keyspace::Event;
use types::Set;

use crate::context::Context;
use crate::error::{CommandError, CommandResult};

const SADD: Event = Event::set("sadd");
const SREM: Event = Event::set("srem");

/// `SADD key member [member …]`
pub(super) fn sadd(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let limits = &context.settings.limits;
    let mut edit = context.keys.edit_or_create(args[1], Set::new)?;
    let mut set = edit.value_mut();
    let mut added = 0;
    for member in &args[2..] {
        added += u64::from(set.add(member, limits));
    }
    match added {
        0 => edit.unchanged(),
        _ => edit.commit_many(SADD, added),
    }
    context.reply.integer(added as i64);
    Ok(())
}

/// `SREM key member [member …]`
pub(super) fn srem(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let mut removed = 0;
    if let Some(mut edit) = context.keys.edit::<Set>(args[1])? {
        let mut set = edit.value_mut();
        for member in &args[2..] {
            removed += u64::from(set.remove(member));
        }
        match removed {
            0 => edit.unchanged(),
            _ => edit.commit_many(SREM, removed),
        }
    }
    context.reply.integer(removed as i64);
    Ok(())
}

/// `SMOVE source destination member`
pub(super) fn smove(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let moved = move_member(context, args[1], args[2], args[3])?;
    context.reply.integer(i64::from(moved));
    Ok(())
}

fn move_member(
    context: &mut Context<'_, '_>,
    source: &[u8],
    destination: &[u8],
    member: &[u8],
) -> Result<bool, CommandError> {
    let Some(edit) = context.keys.edit::<Set>(source)? else {
        return Ok(false);
    };
    if source == destination {
        return Ok(edit.contains(member));
    }
    drop(edit);
    // The destination's type counts even if there is nothing to move.
    context.keys.edit::<Set>(destination)?;
    let Some(mut edit) = context.keys.edit::<Set>(source)? else {
        return Ok(false);
    };
    if !edit.contains(member) {
        return Ok(false);
    }
    edit.value_mut().remove(member);
    edit.commit(SREM);
    let mut edit = context.keys.edit_or_create(destination, Set::new)?;
    if edit.value_mut().add(member, &context.settings.limits) {
        edit.commit(SADD);
    } else {
        edit.unchanged();
    }
    Ok(true)
}
