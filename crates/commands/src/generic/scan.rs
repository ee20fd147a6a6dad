//! Going through keys: KEYS, SCAN, RANDOMKEY, DBSIZE.

use resp::Aggregate;
use types::glob;

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::CommandResult;
use crate::scan::ScanOptions;

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
    let mut type_name: Option<&[u8]> = None;
    let options = ScanOptions::parse_with(&context.args[2..], |word, value| {
        let known = is_word(word, "type");
        if known {
            type_name = Some(value);
        }
        known
    })?;

    let mut found = Vec::new();
    let next = context.keys.scan(cursor, options.count, |key, value, _| {
        let matches =
            options.matches(key) && type_name.is_none_or(|name| is_word(name, value.type_name()));
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
