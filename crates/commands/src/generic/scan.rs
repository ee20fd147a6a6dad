//! Going through keys: KEYS, SCAN, RANDOMKEY, DBSIZE.

use resp::Aggregate;
use types::glob;

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// How many keys a call of SCAN looks at if it is not told.
const SCAN_COUNT: usize = 10;

/// `KEYS pattern`
pub(super) fn keys(context: &mut Context<'_, '_>) -> CommandResult {
    let pattern = context.args[1];
    let all = pattern == b"*";
    let reply = &mut *context.reply;
    let mark = reply.open(Aggregate::Array);
    let mut count = 0;
    context.keys.for_each(|key, _, _| {
        if all || glob::matches(pattern, key, false) {
            reply.bulk(key);
            count += 1;
        }
    });
    reply.close(mark, count);
    Ok(())
}

/// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`
pub(super) fn scan(context: &mut Context<'_, '_>) -> CommandResult {
    let cursor = argument::cursor(context.args[1])?;
    let mut pattern: Option<&[u8]> = None;
    let mut count = SCAN_COUNT;
    let mut type_name: Option<&[u8]> = None;
    let mut words = context.args[2..].iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(CommandError::Syntax)?;
        if is_word(word, "match") {
            pattern = Some(value)
                .filter(|pattern| ***pattern != b"*"[..])
                .copied();
        } else if is_word(word, "count") {
            let least = argument::integer(value)?;
            if least < 1 {
                return Err(CommandError::Syntax);
            }
            count = least as usize;
        } else if is_word(word, "type") {
            type_name = Some(value);
        } else {
            return Err(CommandError::Syntax);
        }
    }

    let mut found = Vec::new();
    let next = context.keys.scan(cursor, count, |key, value, _| {
        let matches = pattern.is_none_or(|pattern| glob::matches(pattern, key, false))
            && type_name.is_none_or(|name| is_word(name, value.type_name()));
        if matches {
            found.push(types::Bytes::from(key));
        }
    });
    context.reply.array(2);
    context.reply.bulk(next.to_string().as_bytes());
    context.reply.array(found.len());
    for key in &found {
        context.reply.bulk(key);
    }
    Ok(())
}

/// `RANDOMKEY`
pub(super) fn randomkey(context: &mut Context<'_, '_>) -> CommandResult {
    let random = &mut *context.random;
    let key = context.keys.random_key(|| random.next_u64());
    context.reply.bulk_or_null(key.as_deref());
    Ok(())
}

/// `DBSIZE`
pub(super) fn dbsize(context: &mut Context<'_, '_>) -> CommandResult {
    context.reply.integer(context.keys.key_count() as i64);
    Ok(())
}
