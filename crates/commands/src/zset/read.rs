//! Looking at members: ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT and ZLEXCOUNT.

use types::SortedSet;

use super::bounds;
use crate::context::Context;
use crate::error::CommandResult;

/// `ZCARD key`
pub(super) fn zcard(context: &mut Context<'_, '_>) -> CommandResult {
    let set = context.keys.read::<SortedSet>(context.args[1])?;
    context.reply.integer(set.map_or(0, SortedSet::len) as i64);
    Ok(())
}

/// `ZSCORE key member`
pub(super) fn zscore(context: &mut Context<'_, '_>) -> CommandResult {
    let set = context.keys.read::<SortedSet>(context.args[1])?;
    match set.and_then(|set| set.score(context.args[2])) {
        Some(score) => context.reply.double(score),
        None => context.reply.null(),
    }
    Ok(())
}

/// `ZMSCORE key member [member …]`
pub(super) fn zmscore(context: &mut Context<'_, '_>) -> CommandResult {
    let members = &context.args[2..];
    let set = context.keys.read::<SortedSet>(context.args[1])?;
    context.reply.array(members.len());
    for member in members {
        match set.and_then(|set| set.score(member)) {
            Some(score) => context.reply.double(score),
            None => context.reply.null(),
        }
    }
    Ok(())
}

/// `ZRANK key member`
pub(super) fn zrank(context: &mut Context<'_, '_>) -> CommandResult {
    rank(context, |rank, _| rank)
}

/// `ZREVRANK key member`
pub(super) fn zrevrank(context: &mut Context<'_, '_>) -> CommandResult {
    rank(context, |rank, len| len - 1 - rank)
}

fn rank(context: &mut Context<'_, '_>, count: fn(usize, usize) -> usize) -> CommandResult {
    let set = context.keys.read::<SortedSet>(context.args[1])?;
    let rank = set.and_then(|set| {
        let (rank, _) = set.rank(context.args[2])?;
        Some(count(rank, set.len()))
    });
    match rank {
        Some(rank) => context.reply.integer(rank as i64),
        None => context.reply.null(),
    }
    Ok(())
}

/// `ZCOUNT key min max`
pub(super) fn zcount(context: &mut Context<'_, '_>) -> CommandResult {
    let range = bounds::score_range(context.args[2], context.args[3])?;
    let set = context.keys.read::<SortedSet>(context.args[1])?;
    let count = set.map_or(0, |set| set.score_range(&range).len());
    context.reply.integer(count as i64);
    Ok(())
}

/// `ZLEXCOUNT key min max`
pub(super) fn zlexcount(context: &mut Context<'_, '_>) -> CommandResult {
    let range = bounds::lex_range(context.args[2], context.args[3])?;
    let set = context.keys.read::<SortedSet>(context.args[1])?;
    let count = set.map_or(0, |set| set.lex_range(&range).len());
    context.reply.integer(count as i64);
    Ok(())
}
