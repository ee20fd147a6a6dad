//! Going through a sorted set step by step: ZSCAN.

use resp::Aggregate;
use resp::double::write_double;
use types::{Encoding, SortedSet};

use crate::argument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::scan::ScanOptions;

/// Redis keeps the whole scores of a listpack below this as integers, and ZSCAN shows them so: 2^62.
const LISTPACK_INTEGER_MAX: f64 = 4_611_686_018_427_387_904.0;

/// `ZSCAN key cursor [MATCH pattern] [COUNT count]`
pub(super) fn zscan(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let cursor = argument::cursor(args[2])?;
    let reply = &mut *context.reply;
    let Some(set) = context.keys.read::<SortedSet>(args[1])? else {
        // Redis does not look at the options then.
        reply.array(2);
        reply.bulk(b"0");
        reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::parse(&args[3..])?;
    let small = set.encoding() == Encoding::Listpack;
    // The next cursor stands before the members. To go over them twice costs less than to copy them.
    let next = set.scan(cursor, options.count, &mut |_, _| ());
    reply.array(2);
    reply.bulk(next.to_string().as_bytes());
    let mark = reply.open(Aggregate::Array);
    let (mut count, mut text) = (0, Vec::new());
    set.scan(cursor, options.count, &mut |member, score| {
        if !options.matches(member) {
            return;
        }
        reply.bulk(member);
        // Not a double even in RESP3.
        if small && score.trunc() == score && score.abs() < LISTPACK_INTEGER_MAX {
            reply.bulk_integer(score as i64);
        } else {
            text.clear();
            write_double(score, &mut text);
            reply.bulk(&text);
        }
        count += 2;
    });
    reply.close(mark, count);
    Ok(())
}
