//! MEMORY: what keys and the server's parts cost.

use commands::argument::is_word;
use commands::{CommandError, CommandResult};
use resp::Reply;

use crate::memory_report::MemoryReport;
use crate::road::run::{Call, ServerHandler};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[
    ("memory", "usage", usage),
    ("memory", "stats", stats),
    ("memory", "doctor", doctor),
    ("memory", "purge", purge),
    ("memory", "malloc-stats", malloc_stats),
];

fn usage(call: &mut Call<'_>) -> CommandResult {
    match &call.args[3..] {
        [] => {}
        [word, samples] if is_word(word, "samples") => {
            // The size is known exactly, so there is nothing to sample; the number is checked all the same.
            let samples = types::number::parse_i64(samples).ok_or(CommandError::NotInteger)?;
            if samples < 0 {
                return Err(CommandError::Syntax);
            }
        }
        _ => return Err(CommandError::Syntax),
    }
    match call.unit.memory_usage(call.args[2]) {
        Some(bytes) => call.reply.integer(bytes as i64),
        None => call.reply.null(),
    }
    Ok(())
}

fn stats(call: &mut Call<'_>) -> CommandResult {
    let report = MemoryReport::new(call.server, call.bench, call.unit);
    let reply = &mut *call.reply;
    // Resident memory is all that is asked of the allocator, so what would be between the two is none.
    let (bytes, percentages, ratios) = (integer_field, double_field, double_field);
    reply.map(27 + report.databases.len());
    bytes(reply, "peak.allocated", report.peak);
    bytes(reply, "total.allocated", report.used);
    bytes(reply, "startup.allocated", report.startup);
    bytes(reply, "replication.backlog", 0);
    bytes(reply, "clients.slaves", 0);
    bytes(reply, "clients.normal", report.clients);
    bytes(reply, "cluster.links", 0);
    bytes(reply, "aof.buffer", 0);
    bytes(reply, "lua.caches", report.scripts);
    bytes(reply, "functions.caches", report.libraries);
    for (database, overhead) in &report.databases {
        reply.bulk(format!("db.{database}").as_bytes());
        reply.map(3);
        bytes(reply, "overhead.hashtable.main", overhead.table as u64);
        let expiries = overhead.expiries as u64;
        bytes(reply, "overhead.hashtable.expires", expiries);
        bytes(reply, "overhead.hashtable.slot-to-keys", 0);
    }
    bytes(reply, "overhead.total", report.overhead());
    bytes(reply, "keys.count", report.keys);
    bytes(reply, "keys.bytes-per-key", report.bytes_per_key());
    bytes(reply, "dataset.bytes", report.dataset());
    percentages(reply, "dataset.percentage", report.dataset_percentage());
    percentages(reply, "peak.percentage", report.peak_percentage());
    bytes(reply, "allocator.allocated", report.used);
    bytes(reply, "allocator.active", report.used);
    bytes(reply, "allocator.resident", report.used);
    ratios(reply, "allocator-fragmentation.ratio", 1.0);
    bytes(reply, "allocator-fragmentation.bytes", 0);
    ratios(reply, "allocator-rss.ratio", 1.0);
    bytes(reply, "allocator-rss.bytes", 0);
    ratios(reply, "rss-overhead.ratio", 1.0);
    bytes(reply, "rss-overhead.bytes", 0);
    ratios(reply, "fragmentation", 1.0);
    bytes(reply, "fragmentation.bytes", 0);
    Ok(())
}

fn integer_field(reply: &mut dyn Reply, name: &str, value: u64) {
    reply.bulk(name.as_bytes());
    reply.integer(i64::try_from(value).unwrap_or(i64::MAX));
}

fn double_field(reply: &mut dyn Reply, name: &str, value: f64) {
    reply.bulk(name.as_bytes());
    reply.double(value);
}

/// Below this there is nothing worth a look.
const DOCTOR_MIN: u64 = 5 << 20;

/// Bytes of buffers per client that are many.
const CLIENT_BYTES_MANY: u64 = 200 << 10;

/// Scripts in the cache that are many: mostly arguments that were pasted into scripts' texts.
const SCRIPTS_MANY: usize = 1000;

fn doctor(call: &mut Call<'_>) -> CommandResult {
    let report = MemoryReport::new(call.server, call.bench, call.unit);
    let mut findings = Vec::new();
    if report.peak > report.used / 2 * 3 {
        findings.push(
            "Peak memory: there was a time when the server used more than one and a half times the memory it uses now. \
             What the allocator keeps of it is used again when the data set grows.",
        );
    }
    let clients = call.server.clients.all().len() as u64;
    if report.clients.checked_div(clients).unwrap_or(0) > CLIENT_BYTES_MANY {
        findings.push(
            "Client buffers: clients take more than 200 kB each on average. Look for subscribers that read slowly and \
             for very large requests or replies (CLIENT LIST, fields qbuf and obl).",
        );
    }
    if call.server.scripts.len() > SCRIPTS_MANY {
        findings.push(
            "Many scripts: more than a thousand scripts are cached. Scripts should differ in their arguments, not in \
             their text; SCRIPT FLUSH forgets them.",
        );
    }
    if report.script_vms + report.function_vms > report.used / 2 {
        findings.push(
            "Lua: more than half of the memory belongs to the VMs of scripts and functions. script-memory-limit bounds \
             what one run may take.",
        );
    }
    let text = if report.used - report.startup < DOCTOR_MIN {
        "The data set is empty or very small: there is nothing to find yet.\n".to_owned()
    } else if findings.is_empty() {
        "No memory issues found.\n".to_owned()
    } else {
        let mut text = "Memory issues found:\n\n".to_owned();
        for finding in findings {
            text.push_str(&format!(" * {finding}\n\n"));
        }
        text
    };
    call.reply.verbatim(b"txt", text.as_bytes());
    Ok(())
}

/// The system's allocator gives memory back by itself; what can be done beyond that is to drop idle VMs.
fn purge(call: &mut Call<'_>) -> CommandResult {
    call.bench.machines.drop_idle();
    call.reply.ok();
    Ok(())
}

fn malloc_stats(call: &mut Call<'_>) -> CommandResult {
    call.reply
        .verbatim(b"txt", b"Stats not supported for the current allocator");
    Ok(())
}
