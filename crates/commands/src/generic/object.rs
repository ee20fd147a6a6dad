//! OBJECT: how a key's value is kept.

use keyspace::{AccessPolicy, ObjectInfo};
use types::{Encoding, StringValue, Value};

use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// Integers below this are shared objects in Redis, which shows in OBJECT REFCOUNT.
const SHARED_INTEGERS: i64 = 10_000;

/// `OBJECT ENCODING key`
pub(super) fn encoding(context: &mut Context<'_, '_>) -> CommandResult {
    match info(context) {
        Some(info) => context.reply.bulk(info.encoding.as_bytes()),
        None => context.reply.null(),
    }
    Ok(())
}

/// `OBJECT REFCOUNT key`
pub(super) fn refcount(context: &mut Context<'_, '_>) -> CommandResult {
    if info(context).is_none() {
        context.reply.null();
        return Ok(());
    }
    let shared = matches!(
        context.keys.peek(context.args[2]),
        Some(Value::String(value)) if is_shared(value)
    );
    context
        .reply
        .integer(if shared { i64::from(i32::MAX) } else { 1 });
    Ok(())
}

fn is_shared(value: &StringValue) -> bool {
    value.encoding() == Encoding::Int
        && value
            .as_i64()
            .is_some_and(|integer| (0..SHARED_INTEGERS).contains(&integer))
}

/// `OBJECT FREQ key`
pub(super) fn freq(context: &mut Context<'_, '_>) -> CommandResult {
    match info(context) {
        None => context.reply.null(),
        Some(_) if access_policy(context) != AccessPolicy::Lfu => {
            return Err(CommandError::text(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. \
                 Please note that when switching between policies at runtime LRU and LFU data will \
                 take some time to adjust.",
            ));
        }
        Some(info) => context.reply.integer(i64::from(info.frequency)),
    }
    Ok(())
}

/// `OBJECT IDLETIME key`
pub(super) fn idletime(context: &mut Context<'_, '_>) -> CommandResult {
    match info(context) {
        None => context.reply.null(),
        Some(_) if access_policy(context) == AccessPolicy::Lfu => {
            return Err(CommandError::text(
                "ERR An LFU maxmemory policy is selected, idle time not tracked. \
                 Please note that when switching between policies at runtime LRU and LFU data will \
                 take some time to adjust.",
            ));
        }
        Some(info) => context.reply.integer(info.idle_seconds as i64),
    }
    Ok(())
}

fn info(context: &mut Context<'_, '_>) -> Option<ObjectInfo> {
    context.keys.object_info(context.args[2])
}

fn access_policy(context: &Context<'_, '_>) -> AccessPolicy {
    context.keys.keyspace().settings.access_policy()
}
