//! HSCAN: going through a hash, some fields at a time.

use resp::Aggregate;
use types::Hash;

use crate::argument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::scan::ScanOptions;

/// `HSCAN key cursor [MATCH pattern] [COUNT count]`
pub(super) fn hscan(context: &mut Context<'_, '_>) -> CommandResult {
    let cursor = argument::cursor(context.args[2])?;
    let reply = &mut *context.reply;
    let Some(hash) = context.keys.read::<Hash>(context.args[1])? else {
        // Redis does not look at the options then.
        reply.array(2);
        reply.bulk(b"0");
        reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::parse(&context.args[3..])?;
    // The next cursor stands before the fields. To go over them twice costs less than to copy them.
    let next = hash.scan(cursor, options.count, &mut |_, _| ());
    reply.array(2);
    reply.bulk(next.to_string().as_bytes());
    let mark = reply.open(Aggregate::Array);
    let mut count = 0;
    hash.scan(cursor, options.count, &mut |field, value| {
        if options.matches(field) {
            reply.bulk(field);
            reply.bulk(value);
            count += 2;
        }
    });
    reply.close(mark, count);
    Ok(())
}
