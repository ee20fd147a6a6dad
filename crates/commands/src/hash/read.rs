//! Reading hashes: HGET, HMGET, HGETALL, HKEYS, HVALS, HLEN, HSTRLEN and HEXISTS.

use types::Hash;

use crate::context::Context;
use crate::error::CommandResult;
use crate::run::bulk_runs;

/// `HGET key field`
pub(super) fn hget(context: &mut Context<'_, '_>) -> CommandResult {
    let hash = context.keys.read::<Hash>(context.args[1])?;
    let value = hash.and_then(|hash| hash.get(context.args[2]));
    context.reply.bulk_or_null(value);
    Ok(())
}

/// `HMGET key field [field …]`
pub(super) fn hmget(context: &mut Context<'_, '_>) -> CommandResult {
    let hash = context.keys.read::<Hash>(context.args[1])?;
    let fields = &context.args[2..];
    context.reply.array(fields.len());
    for field in fields {
        let value = hash.and_then(|hash| hash.get(field));
        context.reply.bulk_or_null(value);
    }
    Ok(())
}

/// `HGETALL key`
pub(super) fn hgetall(context: &mut Context<'_, '_>) -> CommandResult {
    let hash = context.keys.read::<Hash>(context.args[1])?;
    context.reply.map(hash.map_or(0, Hash::len));
    for (field, value) in hash.iter().flat_map(|hash| hash.iter()) {
        context.reply.bulk(field);
        context.reply.bulk(value);
    }
    Ok(())
}

/// `HKEYS key`
pub(super) fn hkeys(context: &mut Context<'_, '_>) -> CommandResult {
    let hash = context.keys.read::<Hash>(context.args[1])?;
    context.reply.array(hash.map_or(0, Hash::len));
    let fields = hash.iter().flat_map(|hash| hash.iter());
    bulk_runs(context.reply, fields.map(|(field, _)| field));
    Ok(())
}

/// `HVALS key`
pub(super) fn hvals(context: &mut Context<'_, '_>) -> CommandResult {
    let hash = context.keys.read::<Hash>(context.args[1])?;
    context.reply.array(hash.map_or(0, Hash::len));
    let fields = hash.iter().flat_map(|hash| hash.iter());
    bulk_runs(context.reply, fields.map(|(_, value)| value));
    Ok(())
}

/// `HLEN key`
pub(super) fn hlen(context: &mut Context<'_, '_>) -> CommandResult {
    let hash = context.keys.read::<Hash>(context.args[1])?;
    context.reply.integer(hash.map_or(0, Hash::len) as i64);
    Ok(())
}

/// `HSTRLEN key field`
pub(super) fn hstrlen(context: &mut Context<'_, '_>) -> CommandResult {
    let hash = context.keys.read::<Hash>(context.args[1])?;
    let value = hash.and_then(|hash| hash.get(context.args[2]));
    context.reply.integer(value.map_or(0, <[u8]>::len) as i64);
    Ok(())
}

/// `HEXISTS key field`
pub(super) fn hexists(context: &mut Context<'_, '_>) -> CommandResult {
    let hash = context.keys.read::<Hash>(context.args[1])?;
    let found = hash.is_some_and(|hash| hash.contains(context.args[2]));
    context.reply.integer(i64::from(found));
    Ok(())
}
