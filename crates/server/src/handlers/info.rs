//! INFO: the server in numbers.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use commands::CommandResult;

use super::script_stats;
use crate::config::COMPATIBLE_VERSION;
use crate::config::settings::Setting;
use crate::memory;
use crate::memory_report::MemoryReport;
use crate::road::lookup;
use crate::road::run::{Call, ServerHandler};
use crate::stats::{CommandCounts, WorkerStats};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[("", "info", info)];

/// A section's name and its writer.
type Section = (&'static str, fn(&Call<'_>, &mut String));

/// All sections in the order they are shown.
const SECTIONS: &[Section] = &[
    ("server", server),
    ("clients", clients),
    ("memory", memory_section),
    ("persistence", persistence),
    ("stats", stats),
    ("replication", replication),
    ("cpu", cpu),
    ("modules", |_, text| text.push_str("# Modules\r\n")),
    ("commandstats", command_stats),
    ("errorstats", error_stats),
    ("scriptstats", script_stats::section),
    ("cluster", |_, text| {
        text.push_str("# Cluster\r\ncluster_enabled:0\r\n")
    }),
    ("keyspace", keyspace),
];

/// Sections shown only when named, or by `all` and `everything`.
const EXTRA: &[&str] = &["commandstats", "scriptstats"];

fn info(call: &mut Call<'_>) -> CommandResult {
    let wanted: Vec<String> = call.args[1..]
        .iter()
        .map(|word| String::from_utf8_lossy(word).to_ascii_lowercase())
        .collect();
    let names = |name: &str| wanted.iter().any(|word| word == name);
    let default = wanted.is_empty() || names("default");
    let mut text = String::new();
    for (name, write) in SECTIONS {
        let of_all = names("everything") || names("all");
        if names(name) || of_all || (default && !EXTRA.contains(name)) {
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            write(call, &mut text);
        }
    }
    call.reply.verbatim(b"txt", text.as_bytes());
    Ok(())
}

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{name}:{value}\r\n");
}

fn sum(call: &Call<'_>, counter: impl Fn(&WorkerStats) -> &AtomicU64) -> u64 {
    call.server
        .stats
        .iter()
        .map(|stats| counter(stats).load(Ordering::Relaxed))
        .sum()
}

fn server(call: &Call<'_>, text: &mut String) {
    let server = call.server;
    let uptime = server.started.elapsed().as_secs();
    let config = &call.bench.config;
    text.push_str("# Server\r\n");
    line(text, "redis_version", COMPATIBLE_VERSION);
    line(text, "redis_git_sha1", "00000000");
    line(text, "redis_git_dirty", 0);
    line(text, "redis_build_id", "0");
    line(text, "redis_mode", "standalone");
    line(text, "server_name", "tidelock");
    line(text, "tidelock_version", env!("CARGO_PKG_VERSION"));
    line(text, "os", memory::operating_system());
    line(text, "arch_bits", usize::BITS);
    line(text, "monotonic_clock", "POSIX clock_gettime");
    line(text, "multiplexing_api", "epoll");
    line(text, "atomicvar_api", "c11-builtin");
    line(text, "gcc_version", "0.0.0");
    line(text, "process_id", std::process::id());
    line(text, "process_supervised", "no");
    line(text, "run_id", &server.run_id);
    line(text, "tcp_port", config.port);
    line(text, "server_time_usec", call.bench.clock.unix_us());
    line(text, "uptime_in_seconds", uptime);
    line(text, "uptime_in_days", uptime / 86_400);
    line(text, "hz", config.hz);
    line(text, "configured_hz", config.hz);
    line(
        text,
        "lru_clock",
        (call.bench.clock.unix_ms() / 1000) & 0x00ff_ffff,
    );
    let executable = std::env::current_exe().unwrap_or_default();
    line(text, "executable", executable.display());
    let file = server
        .config
        .file()
        .and_then(|file| file.canonicalize().ok())
        .unwrap_or_default();
    line(text, "config_file", file.display());
    let active = server.hub.active_workers();
    line(text, "io_threads_active", i32::from(active > 1));
}

fn clients(call: &Call<'_>, text: &mut String) {
    let records = call.server.clients.all();
    let blocked = records
        .iter()
        .filter(|record| record.is_blocked.load(Ordering::Relaxed))
        .count();
    text.push_str("# Clients\r\n");
    line(text, "connected_clients", records.len());
    line(text, "cluster_connections", 0);
    line(text, "maxclients", call.bench.config.maxclients);
    line(text, "client_recent_max_input_buffer", 0);
    line(text, "client_recent_max_output_buffer", 0);
    line(text, "blocked_clients", blocked);
    line(
        text,
        "tracking_clients",
        call.server.tracking.counts().clients,
    );
    line(text, "clients_in_timeout_table", 0);
}

fn human(bytes: u64) -> String {
    let bytes_f = bytes as f64;
    match bytes {
        0..1024 => format!("{bytes}B"),
        1024..1_048_576 => format!("{:.2}K", bytes_f / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.2}M", bytes_f / 1_048_576.0),
        _ => format!("{:.2}G", bytes_f / 1_073_741_824.0),
    }
}

fn memory_section(call: &Call<'_>, text: &mut String) {
    let report = MemoryReport::new(call.server, call.bench, call.unit);
    let libraries = call.server.libraries.current();
    let config = &call.bench.config;
    let with_human = |text: &mut String, name: &str, bytes: u64| {
        line(text, name, bytes);
        line(text, &format!("{name}_human"), human(bytes));
    };
    text.push_str("# Memory\r\n");
    with_human(text, "used_memory", report.used);
    with_human(text, "used_memory_rss", report.used);
    with_human(text, "used_memory_peak", report.peak);
    let percent = |share: f64| format!("{share:.2}%");
    let peak = percent(report.peak_percentage());
    line(text, "used_memory_peak_perc", peak);
    line(text, "used_memory_overhead", report.overhead());
    line(text, "used_memory_startup", report.startup);
    line(text, "used_memory_dataset", report.dataset());
    let dataset = percent(report.dataset_percentage());
    line(text, "used_memory_dataset_perc", dataset);
    // Resident memory is all that is asked of the allocator, so what would be between the two is none.
    line(text, "allocator_allocated", report.used);
    line(text, "allocator_active", report.used);
    line(text, "allocator_resident", report.used);
    with_human(text, "total_system_memory", memory::total_bytes());
    line(text, "used_memory_lua", report.script_vms);
    line(text, "used_memory_vm_eval", report.script_vms);
    line(text, "used_memory_lua_human", human(report.script_vms));
    line(text, "used_memory_scripts_eval", report.scripts);
    line(text, "number_of_cached_scripts", call.server.scripts.len());
    line(text, "number_of_functions", libraries.function_count());
    line(text, "number_of_libraries", libraries.libraries().len());
    line(text, "used_memory_vm_functions", report.function_vms);
    with_human(text, "used_memory_vm_total", report.vms());
    line(text, "used_memory_functions", report.libraries);
    let scripts = report.scripts + report.libraries;
    with_human(text, "used_memory_scripts", scripts);
    with_human(text, "maxmemory", config.maxmemory);
    line(
        text,
        "maxmemory_policy",
        String::from_utf8_lossy(&config.maxmemory_policy.format()),
    );
    for name in [
        "allocator_frag",
        "allocator_rss",
        "rss_overhead",
        "mem_fragmentation",
    ] {
        line(text, &format!("{name}_ratio"), "1.00");
        line(text, &format!("{name}_bytes"), 0);
    }
    line(text, "mem_not_counted_for_evict", 0);
    line(text, "mem_replication_backlog", 0);
    line(text, "mem_total_replication_buffers", 0);
    line(text, "mem_clients_slaves", 0);
    line(text, "mem_clients_normal", report.clients);
    line(text, "mem_cluster_links", 0);
    line(text, "mem_aof_buffer", 0);
    line(text, "mem_allocator", "system");
    line(text, "active_defrag_running", 0);
    let garbage = &call.server.garbage;
    line(
        text,
        "lazyfree_pending_objects",
        garbage.pending.load(Ordering::Relaxed),
    );
    line(
        text,
        "lazyfreed_objects",
        garbage.dropped.load(Ordering::Relaxed),
    );
}

fn persistence(call: &Call<'_>, text: &mut String) {
    text.push_str("# Persistence\r\n");
    line(text, "loading", 0);
    line(text, "async_loading", 0);
    line(text, "current_cow_peak", 0);
    line(text, "current_cow_size", 0);
    line(text, "current_cow_size_age", 0);
    line(text, "current_fork_perc", "0.00");
    line(text, "current_save_keys_processed", 0);
    line(text, "current_save_keys_total", 0);
    line(
        text,
        "rdb_changes_since_last_save",
        sum(call, |stats| &stats.dirty),
    );
    line(text, "rdb_bgsave_in_progress", 0);
    line(
        text,
        "rdb_last_save_time",
        call.server.started_unix_ms / 1000,
    );
    line(text, "rdb_last_bgsave_status", "ok");
    line(text, "rdb_last_bgsave_time_sec", -1);
    line(text, "rdb_current_bgsave_time_sec", -1);
    line(text, "rdb_saves", 0);
    line(text, "rdb_last_cow_size", 0);
    line(text, "rdb_last_load_keys_expired", 0);
    line(text, "rdb_last_load_keys_loaded", 0);
    line(text, "aof_enabled", 0);
    line(text, "aof_rewrite_in_progress", 0);
    line(text, "aof_rewrite_scheduled", 0);
    line(text, "aof_last_rewrite_time_sec", -1);
    line(text, "aof_current_rewrite_time_sec", -1);
    line(text, "aof_last_bgrewrite_status", "ok");
    line(text, "aof_rewrites", 0);
    line(text, "aof_rewrites_consecutive_failures", 0);
    line(text, "aof_last_write_status", "ok");
    line(text, "aof_last_cow_size", 0);
    line(text, "module_fork_in_progress", 0);
    line(text, "module_fork_last_cow_size", 0);
}

fn stats(call: &Call<'_>, text: &mut String) {
    let (channels, patterns, shard_channels) = call.server.pubsub.counts();
    text.push_str("# Stats\r\n");
    line(
        text,
        "total_connections_received",
        sum(call, |stats| &stats.connections),
    );
    line(
        text,
        "total_commands_processed",
        sum(call, |stats| &stats.commands),
    );
    line(
        text,
        "instantaneous_ops_per_sec",
        call.server.rates.commands.load(Ordering::Relaxed),
    );
    line(
        text,
        "total_net_input_bytes",
        sum(call, |stats| &stats.input_bytes),
    );
    line(
        text,
        "total_net_output_bytes",
        sum(call, |stats| &stats.output_bytes),
    );
    line(text, "total_net_repl_input_bytes", 0);
    line(text, "total_net_repl_output_bytes", 0);
    let rates = &call.server.rates;
    let kilobytes = |rate: &AtomicU64| {
        let bytes = rate.load(Ordering::Relaxed);
        format!("{:.2}", bytes as f64 / 1024.0)
    };
    let (input, output) = (&rates.input_bytes, &rates.output_bytes);
    line(text, "instantaneous_input_kbps", kilobytes(input));
    line(text, "instantaneous_output_kbps", kilobytes(output));
    line(text, "instantaneous_input_repl_kbps", "0.00");
    line(text, "instantaneous_output_repl_kbps", "0.00");
    line(
        text,
        "rejected_connections",
        sum(call, |stats| &stats.rejected_connections),
    );
    line(text, "sync_full", 0);
    line(text, "sync_partial_ok", 0);
    line(text, "sync_partial_err", 0);
    line(text, "expired_keys", sum(call, |stats| &stats.expired_keys));
    line(text, "expired_stale_perc", "0.00");
    line(text, "expired_time_cap_reached_count", 0);
    line(text, "expire_cycle_cpu_milliseconds", 0);
    line(text, "evicted_keys", 0);
    line(text, "evicted_clients", 0);
    line(text, "total_eviction_exceeded_time", 0);
    line(text, "current_eviction_exceeded_time", 0);
    line(text, "evicted_scripts", call.server.scripts.evicted());
    line(
        text,
        "keyspace_hits",
        sum(call, |stats| &stats.keyspace_hits),
    );
    line(
        text,
        "keyspace_misses",
        sum(call, |stats| &stats.keyspace_misses),
    );
    line(text, "pubsub_channels", channels);
    line(text, "pubsub_patterns", patterns);
    line(text, "pubsubshard_channels", shard_channels);
    line(text, "latest_fork_usec", 0);
    line(text, "total_forks", 0);
    line(text, "migrate_cached_sockets", 0);
    line(text, "slave_expires_tracked_keys", 0);
    line(text, "active_defrag_hits", 0);
    line(text, "active_defrag_misses", 0);
    line(text, "active_defrag_key_hits", 0);
    line(text, "active_defrag_key_misses", 0);
    line(text, "total_active_defrag_time", 0);
    line(text, "current_active_defrag_time", 0);
    let tracking = call.server.tracking.counts();
    line(text, "tracking_total_keys", tracking.keys);
    line(text, "tracking_total_items", tracking.items);
    line(text, "tracking_total_prefixes", tracking.prefixes);
    line(text, "unexpected_error_replies", 0);
    line(text, "total_error_replies", call.server.errors.total());
    line(text, "dump_payload_sanitizations", 0);
    line(
        text,
        "total_reads_processed",
        sum(call, |stats| &stats.reads),
    );
    line(
        text,
        "total_writes_processed",
        sum(call, |stats| &stats.writes),
    );
    line(text, "io_threaded_reads_processed", 0);
    line(text, "io_threaded_writes_processed", 0);
    // Output buffers are lent and given back, not resized.
    line(text, "reply_buffer_shrinks", 0);
    line(text, "reply_buffer_expands", 0);
}

fn replication(call: &Call<'_>, text: &mut String) {
    text.push_str("# Replication\r\n");
    line(text, "role", "master");
    line(text, "connected_slaves", 0);
    line(text, "master_failover_state", "no-failover");
    line(text, "master_replid", &call.server.replication_id);
    line(text, "master_replid2", "0".repeat(40));
    line(text, "master_repl_offset", 0);
    line(text, "second_repl_offset", -1);
    line(text, "repl_backlog_active", 0);
    line(
        text,
        "repl_backlog_size",
        call.bench.config.repl_backlog_size,
    );
    line(text, "repl_backlog_first_byte_offset", 0);
    line(text, "repl_backlog_histlen", 0);
}

fn cpu(_call: &Call<'_>, text: &mut String) {
    let (user, system) = memory::cpu_seconds();
    text.push_str("# CPU\r\n");
    line(text, "used_cpu_sys", format!("{system:.6}"));
    line(text, "used_cpu_user", format!("{user:.6}"));
    line(text, "used_cpu_sys_children", "0.000000");
    line(text, "used_cpu_user_children", "0.000000");
}

fn command_stats(call: &Call<'_>, text: &mut String) {
    text.push_str("# Commandstats\r\n");
    for entry in lookup::entries() {
        let mut total = CommandCounts::default();
        for stats in &call.server.stats {
            total.add(&stats.command_counts(entry.index));
        }
        if total.calls + total.rejected + total.failed == 0 {
            continue;
        }
        let microseconds = total.nanoseconds / 1000;
        let per_call = match total.calls {
            0 => 0.0,
            calls => microseconds as f64 / calls as f64,
        };
        line(
            text,
            &format!("cmdstat_{}", entry.full_name()),
            format_args!(
                "calls={},usec={microseconds},usec_per_call={per_call:.2},rejected_calls={},failed_calls={}",
                total.calls, total.rejected, total.failed
            ),
        );
    }
}

fn error_stats(call: &Call<'_>, text: &mut String) {
    text.push_str("# Errorstats\r\n");
    for (code, count) in call.server.errors.by_code() {
        let name = format!("errorstat_{}", String::from_utf8_lossy(&code));
        line(text, &name, format_args!("count={count}"));
    }
}

fn keyspace(call: &Call<'_>, text: &mut String) {
    text.push_str("# Keyspace\r\n");
    for database in 0..call.server.keyspace.database_count() {
        let stats = call.unit.database_stats(database);
        if stats.keys > 0 {
            line(
                text,
                &format!("db{database}"),
                format_args!(
                    "keys={},expires={},avg_ttl={}",
                    stats.keys, stats.expiring, stats.average_ttl_ms
                ),
            );
        }
    }
}
