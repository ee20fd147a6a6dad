//! The table of directives: every name of redis.conf with its type, default, limits and flags. The
//! macro makes a field of [`Config`] and a row of [`TABLE`] of each entry.
//!
//! An entry reads `"name" | "alias" => field: type = default, rule, flags;`. Directives whose
//! subject does not exist in this server are kept, checked and reported all the same, because tools
//! set them.

use super::enums::*;
use super::settings::*;
use super::table::{Directive, HIDDEN, IMMUTABLE, NONE, PROTECTED, Rule, SENSITIVE, directives};

const MB: u64 = 1024 * 1024;
const INT_MIN: i64 = i32::MIN as i64;
const INT_MAX: i64 = i32::MAX as i64;

/// One event-loop thread per core the process may use.
fn default_threads() -> u32 {
    std::thread::available_parallelism()
        .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1).min(128))
}

directives! {
    // Network.
    /// Addresses to listen on; `*` stands for all of IPv4, `::*` for all of IPv6, a leading `-` for one
    /// that may be missing.
    "bind" => bind: Addresses = Addresses::everywhere(), Rule::Any, NONE;
    /// Address that outgoing connections come from.
    "bind-source-addr" => bind_source_addr: Text = text(""), Rule::Any, NONE;
    /// TCP port; 0 listens on none.
    "port" => port: u16 = 6379, Rule::Range(0, 65535), NONE;
    /// Connections the kernel may hold that are not yet accepted.
    "tcp-backlog" => tcp_backlog: u32 = 511, Rule::Range(0, INT_MAX), IMMUTABLE;
    /// Path of a Unix socket to listen on; empty for none.
    "unixsocket" => unixsocket: Text = text(""), Rule::Any, IMMUTABLE;
    /// Permissions of the Unix socket's file; 0 leaves the umask's.
    "unixsocketperm" => unixsocketperm: Octal = Octal(0), Rule::Range(0, 0o777), IMMUTABLE;
    /// Seconds after which an idle client is disconnected; 0 for never.
    "timeout" => timeout: u32 = 0, Rule::Range(0, INT_MAX), NONE;
    /// Seconds between keep-alive probes to clients; 0 for none.
    "tcp-keepalive" => tcp_keepalive: u32 = 300, Rule::Range(0, INT_MAX), NONE;
    /// Refuse clients from other machines while no password is set.
    "protected-mode" => protected_mode: bool = true, Rule::Any, NONE;
    /// Who may change protected directives.
    "enable-protected-configs" => enable_protected_configs: LocalSwitch = LocalSwitch::No, Rule::Any, IMMUTABLE;
    /// Who may use DEBUG.
    "enable-debug-command" => enable_debug_command: LocalSwitch = LocalSwitch::No, Rule::Any, IMMUTABLE;
    /// Who may use MODULE.
    "enable-module-command" => enable_module_command: LocalSwitch = LocalSwitch::No, Rule::Any, IMMUTABLE;
    /// Most clients at a time.
    "maxclients" => maxclients: u32 = 10000, Rule::Range(1, 4_294_967_295), NONE;
    /// Event-loop threads; the default is one per core.
    "io-threads" => io_threads: u32 = default_threads(), Rule::Range(1, 128), IMMUTABLE;
    /// Whether connections gather on one event loop while that has time for all of them.
    "io-threads-gather" => io_threads_gather: bool = true, Rule::Any, NONE;
    /// Accepted for compatibility: every thread reads.
    "io-threads-do-reads" => io_threads_do_reads: bool = false, Rule::Any, IMMUTABLE;
    /// Mark of listening and outgoing sockets for the packet filter.
    "socket-mark-id" => socket_mark_id: u32 = 0, Rule::Range(0, 4_294_967_295), IMMUTABLE;
    /// Longest argument of a request in bytes.
    "proto-max-bulk-len" => proto_max_bulk_len: u64 = 512 * MB, Rule::Memory(1024 * 1024, i64::MAX), NONE;
    /// Most bytes of unread requests a client may pile up.
    "client-query-buffer-limit" => client_query_buffer_limit: u64 = 1024 * MB, Rule::Memory(1024 * 1024, i64::MAX), NONE;
    /// Most bytes of unsent replies per class of client: hard limit, soft limit, seconds over the soft
    /// limit.
    "client-output-buffer-limit" => client_output_buffer_limit: BufferLimits = BufferLimits::default(), Rule::Any, NONE;
    /// Most memory of all clients' buffers, in bytes or per cent of maxmemory; 0 for no limit.
    "maxmemory-clients" => maxmemory_clients: MemoryOrPercent = MemoryOrPercent::Bytes(0), Rule::Any, NONE;
    // TLS.
    /// Port for TLS connections; 0 listens on none.
    "tls-port" => tls_port: u16 = 0, Rule::Range(0, 65535), NONE;
    /// Server certificate.
    "tls-cert-file" => tls_cert_file: Text = text(""), Rule::Any, NONE;
    /// Server certificate's key.
    "tls-key-file" => tls_key_file: Text = text(""), Rule::Any, NONE;
    /// Passphrase of the server certificate's key.
    "tls-key-file-pass" => tls_key_file_pass: Text = text(""), Rule::Any, SENSITIVE;
    /// Certificate for outgoing connections.
    "tls-client-cert-file" => tls_client_cert_file: Text = text(""), Rule::Any, NONE;
    /// Key of the certificate for outgoing connections.
    "tls-client-key-file" => tls_client_key_file: Text = text(""), Rule::Any, NONE;
    /// Passphrase of the key for outgoing connections.
    "tls-client-key-file-pass" => tls_client_key_file_pass: Text = text(""), Rule::Any, SENSITIVE;
    /// Diffie-Hellman parameters.
    "tls-dh-params-file" => tls_dh_params_file: Text = text(""), Rule::Any, NONE;
    /// Certificates of accepted authorities.
    "tls-ca-cert-file" => tls_ca_cert_file: Text = text(""), Rule::Any, NONE;
    /// Directory of certificates of accepted authorities.
    "tls-ca-cert-dir" => tls_ca_cert_dir: Text = text(""), Rule::Any, NONE;
    /// Accepted protocol versions.
    "tls-protocols" => tls_protocols: Text = text(""), Rule::Any, NONE;
    /// Accepted ciphers up to TLS 1.2.
    "tls-ciphers" => tls_ciphers: Text = text(""), Rule::Any, NONE;
    /// Accepted cipher suites of TLS 1.3.
    "tls-ciphersuites" => tls_ciphersuites: Text = text(""), Rule::Any, NONE;
    /// Whether clients must present a certificate.
    "tls-auth-clients" => tls_auth_clients: TlsAuthClients = TlsAuthClients::Yes, Rule::Any, NONE;
    /// Use TLS for the link to the primary.
    "tls-replication" => tls_replication: bool = false, Rule::Any, NONE;
    /// Use TLS for the cluster bus.
    "tls-cluster" => tls_cluster: bool = false, Rule::Any, NONE;
    /// Choose the server's preferred cipher.
    "tls-prefer-server-ciphers" => tls_prefer_server_ciphers: bool = false, Rule::Any, NONE;
    /// Let clients resume TLS sessions.
    "tls-session-caching" => tls_session_caching: bool = true, Rule::Any, NONE;
    /// Most resumable TLS sessions; 0 for no limit.
    "tls-session-cache-size" => tls_session_cache_size: u32 = 20 * 1024, Rule::Range(0, INT_MAX), NONE;
    /// Seconds a TLS session can be resumed.
    "tls-session-cache-timeout" => tls_session_cache_timeout: u32 = 300, Rule::Range(0, INT_MAX), NONE;
    // General.
    /// Run in the background.
    "daemonize" => daemonize: bool = false, Rule::Any, IMMUTABLE;
    /// Supervisor to report readiness to.
    "supervised" => supervised: Supervised = Supervised::No, Rule::Any, IMMUTABLE;
    /// File to write the process's id to; empty for none.
    "pidfile" => pidfile: Text = text(""), Rule::Any, IMMUTABLE;
    /// Least important level that is logged.
    "loglevel" => loglevel: LogLevel = LogLevel::Notice, Rule::Any, NONE;
    /// File to append the log to; empty for the standard output.
    "logfile" => logfile: Text = text(""), Rule::Any, IMMUTABLE;
    /// Log to the system logger too.
    "syslog-enabled" => syslog_enabled: bool = false, Rule::Any, IMMUTABLE;
    /// Name in the system log.
    "syslog-ident" => syslog_ident: Text = text("redis"), Rule::Any, IMMUTABLE;
    /// Facility of the system log.
    "syslog-facility" => syslog_facility: SyslogFacility = SyslogFacility::Local0, Rule::Any, IMMUTABLE;
    /// Log a report when the server crashes.
    "crash-log-enabled" => crash_log_enabled: bool = true, Rule::Any, NONE;
    /// Check memory when the server crashes.
    "crash-memcheck-enabled" => crash_memcheck_enabled: bool = true, Rule::Any, NONE;
    /// Exit instead of aborting after a failed assertion.
    "use-exit-on-panic" => use_exit_on_panic: bool = false, Rule::Any, HIDDEN | IMMUTABLE;
    /// Number of databases.
    "databases" => databases: u32 = 16, Rule::Range(1, INT_MAX), IMMUTABLE;
    /// Show the start-up logo even if the log is no terminal.
    "always-show-logo" => always_show_logo: bool = false, Rule::Any, IMMUTABLE;
    /// Show the server's state in the process list.
    "set-proc-title" => set_proc_title: bool = true, Rule::Any, IMMUTABLE;
    /// What the process list shows.
    "proc-title-template" => proc_title_template: Text = text("{title} {listen-addr} {server-mode}"), Rule::ProcessTitle, NONE;
    /// Background ticks per second, kept within 1 to 500.
    "hz" => hz: u32 = 10, Rule::Range(0, INT_MAX), NONE;
    /// Tick more often while many clients are connected.
    "dynamic-hz" => dynamic_hz: bool = true, Rule::Any, NONE;
    /// Working directory, where data files are.
    "dir" => dir: Directory = Directory::current(), Rule::Any, PROTECTED;
    /// Seconds a shutdown waits for replicas.
    "shutdown-timeout" => shutdown_timeout: u32 = 10, Rule::Range(0, INT_MAX), NONE;
    /// How SIGINT ends the server.
    "shutdown-on-sigint" => shutdown_on_sigint: ShutdownFlags = ShutdownFlags::default(), Rule::Any, NONE;
    /// How SIGTERM ends the server.
    "shutdown-on-sigterm" => shutdown_on_sigterm: ShutdownFlags = ShutdownFlags::default(), Rule::Any, NONE;
    /// CPUs of the server's threads.
    "server_cpulist" => server_cpulist: Text = text(""), Rule::Any, IMMUTABLE;
    /// CPUs of background threads.
    "bio_cpulist" => bio_cpulist: Text = text(""), Rule::Any, IMMUTABLE;
    /// CPUs of the append-only file rewrite.
    "aof_rewrite_cpulist" => aof_rewrite_cpulist: Text = text(""), Rule::Any, IMMUTABLE;
    /// CPUs of the background save.
    "bgsave_cpulist" => bgsave_cpulist: Text = text(""), Rule::Any, IMMUTABLE;
    /// Start-up warnings to ignore.
    "ignore-warnings" => ignore_warnings: Text = text(""), Rule::Any, NONE;
    /// Whether to adjust the kernel's out-of-memory score.
    "oom-score-adj" => oom_score_adj: OomScoreAdjust = OomScoreAdjust::No, Rule::Any, NONE;
    /// Scores for primary, replica and background child.
    "oom-score-adj-values" => oom_score_adj_values: OomScores = OomScores([0, 200, 800]), Rule::Any, NONE;
    /// Ask the kernel for no transparent huge pages.
    "disable-thp" => disable_thp: bool = true, Rule::Any, IMMUTABLE;
    /// Milliseconds after which a stuck event loop is logged; 0 for never.
    "watchdog-period" => watchdog_period: u32 = 0, Rule::Range(0, INT_MAX), HIDDEN;
    // Security.
    /// Password of the default user; empty for none.
    "requirepass" => requirepass: Text = text(""), Rule::Any, SENSITIVE;
    /// File of ACL users.
    "aclfile" => aclfile: Text = text(""), Rule::Any, IMMUTABLE;
    /// Entries kept in the ACL log.
    "acllog-max-len" => acllog_max_len: u64 = 128, Rule::Range(0, i64::MAX), NONE;
    /// Channels a new user may use.
    "acl-pubsub-default" => acl_pubsub_default: AclPubsubDefault = AclPubsubDefault::Resetchannels, Rule::Any, NONE;
    // Memory.
    /// Most bytes of data; 0 for no limit.
    "maxmemory" => maxmemory: u64 = 0, Rule::MemoryUnlimited, NONE;
    /// Which keys go when memory is full.
    "maxmemory-policy" => maxmemory_policy: MaxmemoryPolicy = MaxmemoryPolicy::Noeviction, Rule::Any, NONE;
    /// Keys looked at to find one to evict.
    "maxmemory-samples" => maxmemory_samples: u32 = 5, Rule::Range(1, INT_MAX), NONE;
    /// How much time eviction may take, from 0 (little) to 100 (no limit).
    "maxmemory-eviction-tenacity" => maxmemory_eviction_tenacity: u32 = 10, Rule::Range(0, 100), NONE;
    /// How slowly the access counter of a key grows.
    "lfu-log-factor" => lfu_log_factor: u32 = 10, Rule::Range(0, INT_MAX), NONE;
    /// Minutes in which the access counter of a key falls by one.
    "lfu-decay-time" => lfu_decay_time: u32 = 1, Rule::Range(0, INT_MAX), NONE;
    /// How much time looking for expired keys may take, from 1 to 10.
    "active-expire-effort" => active_expire_effort: u32 = 1, Rule::Range(1, 10), NONE;
    /// Free evicted keys in the background.
    "lazyfree-lazy-eviction" => lazyfree_lazy_eviction: bool = false, Rule::Any, NONE;
    /// Free expired keys in the background.
    "lazyfree-lazy-expire" => lazyfree_lazy_expire: bool = false, Rule::Any, NONE;
    /// Free values a command replaces in the background.
    "lazyfree-lazy-server-del" => lazyfree_lazy_server_del: bool = false, Rule::Any, NONE;
    /// Free what DEL removes in the background.
    "lazyfree-lazy-user-del" => lazyfree_lazy_user_del: bool = false, Rule::Any, NONE;
    /// Free what FLUSHDB and FLUSHALL remove in the background.
    "lazyfree-lazy-user-flush" => lazyfree_lazy_user_flush: bool = false, Rule::Any, NONE;
    /// Keys remembered for client-side caching.
    "tracking-table-max-keys" => tracking_table_max_keys: u64 = 1_000_000, Rule::Range(0, i64::MAX), NONE;
    /// Move values to defragment memory.
    "activedefrag" => activedefrag: bool = false, Rule::Unsupported, NONE;
    /// Waste in bytes below which nothing is defragmented.
    "active-defrag-ignore-bytes" => active_defrag_ignore_bytes: u64 = 100 * MB, Rule::Memory(1, i64::MAX), NONE;
    /// Per cent of waste at which defragmentation starts.
    "active-defrag-threshold-lower" => active_defrag_threshold_lower: u32 = 10, Rule::Range(0, 1000), NONE;
    /// Per cent of waste at which defragmentation takes its most time.
    "active-defrag-threshold-upper" => active_defrag_threshold_upper: u32 = 100, Rule::Range(0, 1000), NONE;
    /// Least per cent of CPU for defragmentation.
    "active-defrag-cycle-min" => active_defrag_cycle_min: u32 = 1, Rule::Range(1, 99), NONE;
    /// Most per cent of CPU for defragmentation.
    "active-defrag-cycle-max" => active_defrag_cycle_max: u32 = 25, Rule::Range(1, 99), NONE;
    /// Fields of a collection that defragmentation visits at once.
    "active-defrag-max-scan-fields" => active_defrag_max_scan_fields: u64 = 1000, Rule::Range(1, i64::MAX), NONE;
    /// Accepted for compatibility.
    "jemalloc-bg-thread" => jemalloc_bg_thread: bool = true, Rule::Any, NONE;
    /// Accepted for compatibility: tables grow without a rehash.
    "activerehashing" => activerehashing: bool = true, Rule::Any, NONE;
    // Data structures.
    /// Most fields of a hash kept packed.
    "hash-max-listpack-entries" | "hash-max-ziplist-entries" => hash_max_listpack_entries: u64 = 512, Rule::Range(0, i64::MAX), NONE;
    /// Longest field or value of a hash kept packed.
    "hash-max-listpack-value" | "hash-max-ziplist-value" => hash_max_listpack_value: u64 = 64, Rule::Memory(0, i64::MAX), NONE;
    /// Entries in a node of a list, or -1 to -5 for 4 to 64 KB.
    "list-max-listpack-size" | "list-max-ziplist-size" => list_max_listpack_size: i32 = -2, Rule::Range(INT_MIN, INT_MAX), NONE;
    /// Nodes at each end of a list that are not compressed; 0 for all.
    "list-compress-depth" => list_compress_depth: u32 = 0, Rule::Range(0, INT_MAX), NONE;
    /// Most members of a set of integers kept packed.
    "set-max-intset-entries" => set_max_intset_entries: u64 = 512, Rule::Range(0, i64::MAX), NONE;
    /// Most members of a sorted set kept packed.
    "zset-max-listpack-entries" | "zset-max-ziplist-entries" => zset_max_listpack_entries: u64 = 128, Rule::Range(0, i64::MAX), NONE;
    /// Longest member of a sorted set kept packed.
    "zset-max-listpack-value" | "zset-max-ziplist-value" => zset_max_listpack_value: u64 = 64, Rule::Memory(0, i64::MAX), NONE;
    /// Longest sparse form of a HyperLogLog.
    "hll-sparse-max-bytes" => hll_sparse_max_bytes: u64 = 3000, Rule::Memory(0, i64::MAX), NONE;
    /// Bytes in a node of a stream; 0 for no limit.
    "stream-node-max-bytes" => stream_node_max_bytes: u64 = 4096, Rule::Memory(0, i64::MAX), NONE;
    /// Entries in a node of a stream; 0 for no limit.
    "stream-node-max-entries" => stream_node_max_entries: u64 = 100, Rule::Range(0, i64::MAX), NONE;
    /// Check dumped values deeply before they are restored.
    "sanitize-dump-payload" => sanitize_dump_payload: SanitizePayload = SanitizePayload::No, Rule::Any, NONE;
    // Scripts and latency.
    /// Milliseconds a script may run before others get BUSY.
    "busy-reply-threshold" | "lua-time-limit" => busy_reply_threshold: u64 = 5000, Rule::Range(0, i64::MAX), NONE;
    /// Who gets BUSY then: those who need the script's keys, or all, as in Redis.
    "busy-reply-scope" => busy_reply_scope: BusyReplyScope = BusyReplyScope::Keys, Rule::Any, NONE;
    /// Undo what a script wrote if it fails, as if each had declared `flags=atomic`.
    "script-atomic" => script_atomic: bool = false, Rule::Any, NONE;
    /// Undo what a transaction wrote if one of its commands fails.
    "multi-atomic" => multi_atomic: bool = false, Rule::Any, NONE;
    /// Let scripts that have written be killed, and undo what they wrote.
    "script-kill-undo" => script_kill_undo: bool = false, Rule::Any, NONE;
    /// Milliseconds after which a script is ended; 0 for never.
    "script-time-limit" => script_time_limit: u64 = 0, Rule::Range(0, i64::MAX), NONE;
    /// Bytes a script may take while it runs; 0 for no limit.
    "script-memory-limit" => script_memory_limit: u64 = 0, Rule::Memory(0, i64::MAX), NONE;
    /// Microseconds from which a command is put into the slow log; -1 for never.
    "slowlog-log-slower-than" => slowlog_log_slower_than: i64 = 10_000, Rule::Range(-1, i64::MAX), NONE;
    /// Entries kept in the slow log.
    "slowlog-max-len" => slowlog_max_len: u64 = 128, Rule::Range(0, i64::MAX), NONE;
    /// Milliseconds from which a latency event is recorded; 0 for never.
    "latency-monitor-threshold" => latency_monitor_threshold: u64 = 0, Rule::Range(0, i64::MAX), NONE;
    /// Keep a histogram of each command's latency.
    "latency-tracking" => latency_tracking: bool = true, Rule::Any, NONE;
    /// Percentiles of latency that INFO shows.
    "latency-tracking-info-percentiles" => latency_tracking_info_percentiles: Percentiles = Percentiles(vec![50.0, 99.0, 99.9]), Rule::Any, NONE;
    /// Classes of key events that are published.
    "notify-keyspace-events" => notify_keyspace_events: EventClasses = EventClasses::default(), Rule::Any, NONE;
    /// What to do when a replicated command fails.
    "propagation-error-behavior" => propagation_error_behavior: PropagationErrors = PropagationErrors::Ignore, Rule::Any, NONE;
    // Snapshots.
    /// Pairs of seconds and changes after which a snapshot is written.
    "save" => save: SavePoints = SavePoints::default(), Rule::Any, NONE;
    /// The snapshot's file name.
    "dbfilename" => dbfilename: Text = text("dump.rdb"), Rule::FileName, PROTECTED;
    /// Compress strings in snapshots.
    "rdbcompression" => rdbcompression: bool = true, Rule::Any, NONE;
    /// End snapshots with a checksum.
    "rdbchecksum" => rdbchecksum: bool = true, Rule::Any, IMMUTABLE;
    /// Remove snapshots used for replication only.
    "rdb-del-sync-files" => rdb_del_sync_files: bool = false, Rule::Any, NONE;
    /// Flush a snapshot to disk while it is written.
    "rdb-save-incremental-fsync" => rdb_save_incremental_fsync: bool = true, Rule::Any, NONE;
    /// Microseconds to wait after each key of a snapshot, for tests.
    "rdb-key-save-delay" => rdb_key_save_delay: i32 = 0, Rule::Range(INT_MIN, INT_MAX), HIDDEN;
    /// Microseconds to wait after each loaded key, for tests.
    "key-load-delay" => key_load_delay: i32 = 0, Rule::Range(INT_MIN, INT_MAX), HIDDEN;
    /// Bytes loaded between two looks at the clients.
    "loading-process-events-interval-bytes" => loading_process_events_interval_bytes: u64 = 2 * MB, Rule::Range(1024, INT_MAX), HIDDEN;
    /// Refuse writes while snapshots fail.
    "stop-writes-on-bgsave-error" => stop_writes_on_bgsave_error: bool = true, Rule::Any, NONE;
    // Append-only file.
    /// Keep an append-only file.
    "appendonly" => appendonly: bool = false, Rule::Any, NONE;
    /// Base name of the append-only files.
    "appendfilename" => appendfilename: Text = text("appendonly.aof"), Rule::RequiredFileName, IMMUTABLE;
    /// Directory of the append-only files.
    "appenddirname" => appenddirname: Text = text("appendonlydir"), Rule::RequiredFileName, IMMUTABLE;
    /// When the append-only file is flushed to disk.
    "appendfsync" => appendfsync: AppendFsync = AppendFsync::Everysec, Rule::Any, NONE;
    /// Do not flush while a rewrite runs.
    "no-appendfsync-on-rewrite" => no_appendfsync_on_rewrite: bool = false, Rule::Any, NONE;
    /// Growth in per cent that starts a rewrite; 0 for none.
    "auto-aof-rewrite-percentage" => auto_aof_rewrite_percentage: u32 = 100, Rule::Range(0, INT_MAX), NONE;
    /// Size below which no rewrite is started.
    "auto-aof-rewrite-min-size" => auto_aof_rewrite_min_size: u64 = 64 * MB, Rule::Memory(0, i64::MAX), NONE;
    /// Accept an append-only file that is cut off.
    "aof-load-truncated" => aof_load_truncated: bool = true, Rule::Any, NONE;
    /// Start a rewritten append-only file with a snapshot.
    "aof-use-rdb-preamble" => aof_use_rdb_preamble: bool = true, Rule::Any, NONE;
    /// Write timestamps into the append-only file.
    "aof-timestamp-enabled" => aof_timestamp_enabled: bool = false, Rule::Any, NONE;
    /// Flush a rewrite to disk while it is written.
    "aof-rewrite-incremental-fsync" => aof_rewrite_incremental_fsync: bool = true, Rule::Any, NONE;
    /// Keep old append-only files.
    "aof-disable-auto-gc" => aof_disable_auto_gc: bool = false, Rule::Any, NONE;
    // Replication.
    /// Primary to copy.
    "replicaof" | "slaveof" => replicaof: PrimaryAddress = PrimaryAddress(None), Rule::Any, IMMUTABLE;
    /// Address that a replica reports.
    "replica-announce-ip" | "slave-announce-ip" => replica_announce_ip: Text = text(""), Rule::Any, NONE;
    /// Port that a replica reports.
    "replica-announce-port" | "slave-announce-port" => replica_announce_port: u16 = 0, Rule::Range(0, 65535), NONE;
    /// Whether Sentinel lists this replica.
    "replica-announced" => replica_announced: bool = true, Rule::Any, NONE;
    /// The primary's password.
    "masterauth" => masterauth: Text = text(""), Rule::Any, SENSITIVE;
    /// User name at the primary.
    "masteruser" => masteruser: Text = text(""), Rule::Any, NONE;
    /// Answer while the link to the primary is down.
    "replica-serve-stale-data" | "slave-serve-stale-data" => replica_serve_stale_data: bool = true, Rule::Any, NONE;
    /// Refuse writes from clients on a replica.
    "replica-read-only" | "slave-read-only" => replica_read_only: bool = true, Rule::Any, NONE;
    /// Free the old data of a replica in the background.
    "replica-lazy-flush" | "slave-lazy-flush" => replica_lazy_flush: bool = false, Rule::Any, NONE;
    /// Leave eviction to the primary.
    "replica-ignore-maxmemory" | "slave-ignore-maxmemory" => replica_ignore_maxmemory: bool = true, Rule::Any, NONE;
    /// Go on replicating when the disk fails.
    "replica-ignore-disk-write-errors" => replica_ignore_disk_write_errors: bool = false, Rule::Any, NONE;
    /// Preference of Sentinel for this replica; 0 for never.
    "replica-priority" | "slave-priority" => replica_priority: u32 = 100, Rule::Range(0, INT_MAX), NONE;
    /// Seconds between pings to replicas.
    "repl-ping-replica-period" | "repl-ping-slave-period" => repl_ping_replica_period: u32 = 10, Rule::Range(1, INT_MAX), NONE;
    /// Seconds of silence after which a replication link is down.
    "repl-timeout" => repl_timeout: u32 = 60, Rule::Range(1, INT_MAX), NONE;
    /// Send to replicas in fewer, later packets.
    "repl-disable-tcp-nodelay" => repl_disable_tcp_nodelay: bool = false, Rule::Any, NONE;
    /// Send snapshots to replicas without a file.
    "repl-diskless-sync" => repl_diskless_sync: bool = true, Rule::Any, NONE;
    /// Seconds to wait for more replicas before a diskless copy.
    "repl-diskless-sync-delay" => repl_diskless_sync_delay: u32 = 5, Rule::Range(0, INT_MAX), NONE;
    /// Replicas at which a diskless copy starts at once; 0 for no limit.
    "repl-diskless-sync-max-replicas" => repl_diskless_sync_max_replicas: u32 = 0, Rule::Range(0, INT_MAX), NONE;
    /// When a replica loads a snapshot without a file.
    "repl-diskless-load" => repl_diskless_load: DisklessLoad = DisklessLoad::Disabled, Rule::Any, NONE;
    /// Bytes of the stream kept for replicas that come back; at least 16 KB.
    "repl-backlog-size" => repl_backlog_size: u64 = MB, Rule::Memory(1, i64::MAX), NONE;
    /// Seconds the backlog is kept without replicas; 0 for ever.
    "repl-backlog-ttl" => repl_backlog_ttl: u64 = 3600, Rule::Range(0, i64::MAX), NONE;
    /// Replicas needed for writes to be accepted.
    "min-replicas-to-write" | "min-slaves-to-write" => min_replicas_to_write: u32 = 0, Rule::Range(0, INT_MAX), NONE;
    /// Seconds of silence after which a replica does not count.
    "min-replicas-max-lag" | "min-slaves-max-lag" => min_replicas_max_lag: u32 = 10, Rule::Range(0, INT_MAX), NONE;
    // Cluster.
    /// Be a node of a cluster.
    "cluster-enabled" => cluster_enabled: bool = false, Rule::Any, IMMUTABLE;
    /// The node's file of the cluster's state.
    "cluster-config-file" => cluster_config_file: Text = text("nodes.conf"), Rule::Any, IMMUTABLE;
    /// Milliseconds of silence after which a node is down.
    "cluster-node-timeout" => cluster_node_timeout: u64 = 15_000, Rule::Range(0, i64::MAX), NONE;
    /// Port of the cluster bus; 0 for port + 10000.
    "cluster-port" => cluster_port: u16 = 0, Rule::Range(0, 65535), IMMUTABLE;
    /// Address the node announces.
    "cluster-announce-ip" => cluster_announce_ip: Text = text(""), Rule::Any, NONE;
    /// Host name the node announces.
    "cluster-announce-hostname" => cluster_announce_hostname: Text = text(""), Rule::HostName, NONE;
    /// Port the node announces.
    "cluster-announce-port" => cluster_announce_port: u16 = 0, Rule::Range(0, 65535), NONE;
    /// TLS port the node announces.
    "cluster-announce-tls-port" => cluster_announce_tls_port: u16 = 0, Rule::Range(0, 65535), NONE;
    /// Bus port the node announces.
    "cluster-announce-bus-port" => cluster_announce_bus_port: u16 = 0, Rule::Range(0, 65535), NONE;
    /// What clients are told to connect to.
    "cluster-preferred-endpoint-type" => cluster_preferred_endpoint_type: EndpointType = EndpointType::Ip, Rule::Any, NONE;
    /// Replicas a primary keeps when one migrates.
    "cluster-migration-barrier" => cluster_migration_barrier: u32 = 1, Rule::Range(0, INT_MAX), NONE;
    /// Let replicas migrate to primaries without any.
    "cluster-allow-replica-migration" => cluster_allow_replica_migration: bool = true, Rule::Any, NONE;
    /// How old data of a replica may be for it to take over.
    "cluster-replica-validity-factor" | "cluster-slave-validity-factor" => cluster_replica_validity_factor: u32 = 10, Rule::Range(0, INT_MAX), NONE;
    /// Never take over from the primary by itself.
    "cluster-replica-no-failover" | "cluster-slave-no-failover" => cluster_replica_no_failover: bool = false, Rule::Any, NONE;
    /// Stop when some slots are not served.
    "cluster-require-full-coverage" => cluster_require_full_coverage: bool = true, Rule::Any, NONE;
    /// Answer reads while the cluster is down.
    "cluster-allow-reads-when-down" => cluster_allow_reads_when_down: bool = false, Rule::Any, NONE;
    /// Serve shard channels while the cluster is down.
    "cluster-allow-pubsubshard-when-down" => cluster_allow_pubsubshard_when_down: bool = true, Rule::Any, NONE;
    /// Most bytes waiting on a bus link; 0 for no limit.
    "cluster-link-sendbuf-limit" => cluster_link_sendbuf_limit: u64 = 0, Rule::MemoryUnlimited, NONE;
}
