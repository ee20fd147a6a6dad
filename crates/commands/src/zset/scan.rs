//! Going through a sorted set step by step: ZSCAN.

use types::number::format_f64;
use types::{Bytes, Encoding, SortedSet};

use crate::argument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::scan_options::ScanOptions;

/// Redis keeps the whole scores of a listpack below this as integers, and ZSCAN shows them so: 2^62.
const LISTPACK_INTEGER_MAX: f64 = 4_611_686_018_427_387_904.0;

/// `ZSCAN key cursor [MATCH pattern] [COUNT count]`
pub(super) fn zscan(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let cursor = argument::cursor(args[2])?;
    let mut found = Vec::new();
    let (mut next, mut small) = (0, false);
    if let Some(set) = context.keys.read::<SortedSet>(args[1])? {
        let options = ScanOptions::parse(&args[3..])?;
        small = set.encoding() == Encoding::Listpack;
        next = set.scan(cursor, options.count, &mut |member, score| {
            if options.wants(member) {
                found.push((Bytes::from(member), score));
            }
        });
    }
    context.reply.array(2);
    context.reply.bulk(next.to_string().as_bytes());
    context.reply.array(found.len() * 2);
    let mut text = Vec::new();
    for (member, score) in found {
        context.reply.bulk(&member);
        // Not a double even in RESP3.
        if small && score.trunc() == score && score.abs() < LISTPACK_INTEGER_MAX {
            context.reply.bulk_integer(score as i64);
        } else {
            text.clear();
            format_f64(score, &mut text);
            context.reply.bulk(&text);
        }
    }
    Ok(())
}
