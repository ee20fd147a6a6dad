//! CONFIG: the directives at run time.

use commands::{CommandError, CommandResult};

use super::script_stats;
use crate::config::access;
use crate::road::run::{Call, ServerHandler};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("config", "get", get),
    ("config", "set", set),
    ("config", "resetstat", resetstat),
    ("config", "rewrite", rewrite),
];

fn get(call: &mut Call<'_>) -> CommandResult {
    let found = access::get(&call.server.config.current(), &call.args[2..]);
    call.reply.map(found.len());
    for (name, value) in found {
        call.reply.bulk(&name);
        call.reply.bulk(&value);
    }
    Ok(())
}

fn set(call: &mut Call<'_>) -> CommandResult {
    let words = &call.args[2..];
    if !words.len().is_multiple_of(2) {
        return Err(CommandError::Syntax);
    }
    let pairs: Vec<(&[u8], &[u8])> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    let server = call.server;
    server
        .config
        .set(
            &pairs,
            call.client.record.is_local(),
            |old, new, changed| server.apply_changes(old, new, changed),
        )
        .map_err(|error| CommandError::Bytes(error.reply()))?;
    server.apply_config();
    call.bench.take_config(server);
    call.reply.ok();
    Ok(())
}

fn resetstat(call: &mut Call<'_>) -> CommandResult {
    for stats in &call.server.stats {
        stats.reset();
    }
    call.server.errors.reset();
    script_stats::reset(call.server);
    call.reply.ok();
    Ok(())
}

fn rewrite(call: &mut Call<'_>) -> CommandResult {
    call.server
        .config
        .rewrite()
        .map_err(|error| CommandError::Bytes(error.reply()))?;
    call.reply.ok();
    Ok(())
}
