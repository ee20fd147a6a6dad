//! Looking at members: SISMEMBER, SMISMEMBER, SCARD and SMEMBERS.

use types::Set;

use crate::context::Context;
use crate::error::CommandResult;

/// `SISMEMBER key member`
pub(super) fn sismember(context: &mut Context<'_, '_>) -> CommandResult {
    let set = context.keys.read::<Set>(context.args[1])?;
    let contained = set.is_some_and(|set| set.contains(context.args[2]));
    context.reply.integer(i64::from(contained));
    Ok(())
}

/// `SMISMEMBER key member [member …]`
pub(super) fn smismember(context: &mut Context<'_, '_>) -> CommandResult {
    let members = &context.args[2..];
    let set = context.keys.read::<Set>(context.args[1])?;
    context.reply.array(members.len());
    for member in members {
        let contained = set.is_some_and(|set| set.contains(member));
        context.reply.integer(i64::from(contained));
    }
    Ok(())
}

/// `SCARD key`
pub(super) fn scard(context: &mut Context<'_, '_>) -> CommandResult {
    let set = context.keys.read::<Set>(context.args[1])?;
    context.reply.integer(set.map_or(0, Set::len) as i64);
    Ok(())
}

/// `SMEMBERS key`
pub(super) fn smembers(context: &mut Context<'_, '_>) -> CommandResult {
    let set = context.keys.read::<Set>(context.args[1])?;
    context.reply.set(set.map_or(0, Set::len));
    for member in set.into_iter().flat_map(Set::iter) {
        context.reply.bulk(&member);
    }
    Ok(())
}
