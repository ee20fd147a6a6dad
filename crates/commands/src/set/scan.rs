//! Going through a set step by step: SSCAN.

use types::{Bytes, Set};

use crate::argument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::scan_options::ScanOptions;

/// `SSCAN key cursor [MATCH pattern] [COUNT count]`
pub(super) fn sscan(context: &mut Context<'_, '_>) -> CommandResult {
    let args = context.args;
    let cursor = argument::cursor(args[2])?;
    let mut found = Vec::new();
    let mut next = 0;
    if let Some(set) = context.keys.read::<Set>(args[1])? {
        let options = ScanOptions::parse(&args[3..])?;
        next = set.scan(cursor, options.count, &mut |member| {
            if options.wants(member) {
                found.push(Bytes::from(member));
            }
        });
    }
    context.reply.array(2);
    context.reply.bulk(next.to_string().as_bytes());
    context.reply.array(found.len());
    for member in &found {
        context.reply.bulk(member);
    }
    Ok(())
}
