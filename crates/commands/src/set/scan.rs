//! Going through a set step by step: SSCAN.

use resp::Aggregate;
use types::Set;

use crate::argument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::scan::ScanOptions;

/// `SSCAN key cursor [MATCH pattern] [COUNT count]`
pub(super) fn sscan(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let cursor = argument::cursor(args[2])?;
    let reply = &mut *context.reply;
    let Some(set) = context.keys.read::<Set>(args[1])? else {
        // Redis does not look at the options then.
        reply.array(2);
        reply.bulk(b"0");
        reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::parse(&args[3..])?;
    // The next cursor stands before the members. To go over them twice costs less than to copy them.
    let next = set.scan(cursor, options.count, &mut |_| ());
    reply.array(2);
    reply.bulk(next.to_string().as_bytes());
    let mark = reply.open(Aggregate::Array);
    let mut count = 0;
    set.scan(cursor, options.count, &mut |member| {
        if options.matches(member) {
            reply.bulk(member);
            count += 1;
        }
    });
    reply.close(mark, count);
    Ok(())
}
