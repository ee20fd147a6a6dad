//! MONITOR.

use commands::{CommandError, CommandResult};

use crate::road::Origin;
use crate::road::run::{Call, ServerHandler};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[("", "monitor", monitor)];

fn monitor(call: &mut Call<'_>) -> CommandResult {
    if call.origin == Origin::Transaction {
        return Err(CommandError::text(
            "ERR MONITOR isn't allowed for DENY BLOCKING client",
        ));
    }
    call.server.monitors.add(&call.client.record);
    call.reply.ok();
    Ok(())
}
