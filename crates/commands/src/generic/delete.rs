//! Whether keys are there, and taking them away: DEL, UNLINK, EXISTS, TOUCH, TYPE.

use keyspace::Event;
use types::Value;

use crate::context::Context;
use crate::error::CommandResult;

/// Values with more elements than this are freed elsewhere by UNLINK.
const DISPOSE_ELEMENTS: usize = 64;

/// `DEL key [key …]`
pub(super) fn del(context: &mut Context<'_, '_>) -> CommandResult {
    let mut count = 0;
    for key in &context.args[1..] {
        count += i64::from(context.keys.remove(key, Event::DEL).is_some());
    }
    context.reply.integer(count);
    Ok(())
}

/// `UNLINK key [key …]`
pub(super) fn unlink(context: &mut Context<'_, '_>) -> CommandResult {
    let mut count = 0;
    for key in &context.args[1..] {
        if let Some(removed) = context.keys.remove(key, Event::DEL) {
            count += 1;
            if removed.element_count() > DISPOSE_ELEMENTS {
                (context.dispose)(Box::new(removed));
            }
        }
    }
    context.reply.integer(count);
    Ok(())
}

/// `EXISTS key [key …]`
pub(super) fn exists(context: &mut Context<'_, '_>) -> CommandResult {
    let mut count = 0;
    for key in &context.args[1..] {
        count += i64::from(context.keys.glance(key).is_some());
    }
    context.reply.integer(count);
    Ok(())
}

/// `TOUCH key [key …]`
pub(super) fn touch(context: &mut Context<'_, '_>) -> CommandResult {
    let mut count = 0;
    for key in &context.args[1..] {
        count += i64::from(context.keys.touch_key(key));
    }
    context.reply.integer(count);
    Ok(())
}

/// `TYPE key`
pub(super) fn type_of(context: &mut Context<'_, '_>) -> CommandResult {
    let value = context.keys.glance(context.args[1]);
    context.reply.status(value.map_or("none", Value::type_name));
    Ok(())
}
