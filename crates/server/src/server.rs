//! What all event loops share.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use keyspace::Keyspace;
use parking_lot::Mutex;

use crate::blocking::BlockedClients;
use crate::client::Clients;
use crate::config::enums::MaxmemoryPolicy;
use crate::config::{Config, ConfigStore, Directive};
use crate::effects::Effects;
use crate::log::Log;
use crate::machines::{Home, LibraryMachines};
use crate::memory;
use crate::message::Message;
use crate::monitor::Monitors;
use crate::net::process::raise_descriptor_limit;
use crate::net::{BindError, Hub, Listener, Mail, TcpHandles};
use crate::private_copy::PrivateKeyspaces;
use crate::pubsub::PubSub;
use crate::road::barrier::{Barrier, Barriers};
use crate::road::run::Bench;
use crate::running::RunningScripts;
use crate::script_run::ScriptRun;
use crate::slowlog::Slowlog;
use crate::stats::{ErrorStats, WorkerStats};
use crate::tracking::{self, Tracking};

/// The process-wide state. It lives as long as the process, so that locks may be held across calls.
pub(crate) struct Server {
    pub(crate) keyspace: Keyspace,
    pub(crate) config: Arc<ConfigStore>,
    pub(crate) clients: Clients,
    pub(crate) pubsub: PubSub,
    pub(crate) tracking: Tracking,
    pub(crate) monitors: Monitors,
    pub(crate) blocked: BlockedClients,
    pub(crate) slowlog: Slowlog,
    pub(crate) errors: ErrorStats,
    pub(crate) scripts: scripting::ScriptCache,
    pub(crate) libraries: scripting::Libraries,
    pub(crate) library_machines: LibraryMachines,
    pub(crate) running: RunningScripts,
    pub(crate) private_keyspaces: PrivateKeyspaces,
    pub(crate) pause: Pause,
    pub(crate) hub: Arc<Hub<Message>>,
    pub(crate) log: Arc<Log>,
    pub(crate) rates: Rates,
    seed: u64,
    pub(crate) stats: Vec<Arc<WorkerStats>>,
    /// Bytes in use when the server was ready.
    pub(crate) startup_memory: AtomicU64,
    /// How much garbage waits to be dropped, and was.
    pub(crate) garbage: Arc<Garbage>,
    pub(crate) started: Instant,
    pub(crate) started_unix_ms: i64,
    pub(crate) run_id: String,
    pub(crate) replication_id: String,
    /// DEBUG SET-DISABLE-DENY-SCRIPTS.
    pub(crate) deny_scripts_disabled: AtomicBool,
    /// DEBUG PAUSE-CRON.
    pub(crate) cron_paused: AtomicBool,
    /// DEBUG QUICKLIST-PACKED-THRESHOLD.
    pub(crate) list_plain_element_min: AtomicUsize,
    /// What keeps commands from running at all.
    pub(crate) barriers: Barriers,
    /// What the append-only file and replicas are to read.
    pub(crate) effects: Effects,
    /// Of the TCP listeners that are open.
    pub(crate) listening: Mutex<TcpHandles>,
    disposer: Mutex<std::sync::mpsc::Sender<Box<dyn Send>>>,
}

impl Server {
    /// The state of a server that starts now.
    pub(crate) fn new(config: Arc<ConfigStore>, hub: Arc<Hub<Message>>, log: Arc<Log>) -> Server {
        let workers = hub.workers();
        let databases = config.current().databases as usize;
        let (sender, receiver) = std::sync::mpsc::channel::<Box<dyn Send>>();
        let worker = std::thread::Builder::new().name("dispose".to_owned());
        // Big values are dropped on a thread of their own, so that nobody waits for it.
        let garbage = Arc::new(Garbage::default());
        let counts = Arc::clone(&garbage);
        let started = worker.spawn(move || {
            for value in receiver {
                drop(value);
                counts.pending.fetch_sub(1, Ordering::Relaxed);
                counts.dropped.fetch_add(1, Ordering::Relaxed);
            }
        });
        drop(started);
        Server {
            keyspace: Keyspace::new(databases),
            config,
            clients: Clients::default(),
            pubsub: PubSub::new(Arc::clone(&hub)),
            tracking: Tracking::default(),
            monitors: Monitors::new(Arc::clone(&hub)),
            blocked: BlockedClients::default(),
            slowlog: Slowlog::new(),
            errors: ErrorStats::default(),
            scripts: scripting::ScriptCache::default(),
            libraries: scripting::Libraries::default(),
            library_machines: LibraryMachines::default(),
            running: RunningScripts::default(),
            private_keyspaces: PrivateKeyspaces::default(),
            pause: Pause::default(),
            hub,
            log,
            rates: Rates::default(),
            seed: RandomState::new().hash_one(1u8),
            stats: (0..workers)
                .map(|worker| {
                    let commands = crate::road::lookup::entries().len();
                    Arc::new(WorkerStats::new(worker, commands))
                })
                .collect(),
            startup_memory: AtomicU64::new(0),
            garbage,
            started: Instant::now(),
            started_unix_ms: unix_ms(),
            run_id: random_hex(),
            replication_id: random_hex(),
            deny_scripts_disabled: AtomicBool::new(false),
            cron_paused: AtomicBool::new(false),
            list_plain_element_min: AtomicUsize::new(0),
            barriers: Barriers::default(),
            effects: Effects::default(),
            listening: Mutex::default(),
            disposer: Mutex::new(sender),
        }
    }

    /// Drops a big value on another thread.
    pub(crate) fn dispose(&self, garbage: Box<dyn Send>) {
        self.garbage.pending.fetch_add(1, Ordering::Relaxed);
        if self.disposer.lock().send(garbage).is_err() {
            // The thread is gone, and the value is dropped here, which is as good.
            self.garbage.pending.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Gives a machine back after a run.
    pub(crate) fn give_back(&self, bench: &mut Bench, run: Box<ScriptRun>) {
        let Home::Library(library) = run.home() else {
            bench.machines.give_back(run);
            return;
        };
        let library = Arc::clone(library);
        if self.libraries.holds(&library) {
            self.library_machines.give_back(run, &library);
        }
    }

    /// Whether scripts may call commands that are refused to them (DEBUG SET-DISABLE-DENY-SCRIPTS).
    pub(crate) fn scripts_may_call_all(&self) -> bool {
        self.deny_scripts_disabled.load(Ordering::Relaxed)
    }

    /// A seed for an event loop's random numbers.
    pub(crate) fn seed(&self, worker: usize) -> u64 {
        self.seed
            .wrapping_add((worker as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Ends all event loops.
    pub(crate) fn shut_down(&self) {
        self.log.warning(format_args!("User requested shutdown..."));
        self.running.kill_all();
        self.hub.stop();
    }

    /// Wakes all event loops, so that they try again what had to wait.
    pub(crate) fn wake_all(&self) {
        for worker in 0..self.hub.workers() {
            self.hub.send(worker, Mail::Post(Message::LocksReleased));
        }
    }

    /// CONFIG SET: puts into effect what is more than a value. An error names the directive that failed.
    pub(crate) fn apply_changes(
        &self,
        old: &Config,
        new: &Config,
        changed: &[&'static Directive],
    ) -> Result<(), (&'static str, String)> {
        let is_changed = |name: &str| changed.iter().find(|directive| directive.name == name);
        if let Some(directive) = is_changed("dir") {
            std::env::set_current_dir(&new.dir.0)
                .map_err(|error| (directive.name, error.to_string()))?;
        }
        if let Some(directive) = is_changed("maxclients")
            && new.maxclients > old.maxclients
        {
            let possible = raise_descriptor_limit(new.maxclients);
            if possible < new.maxclients {
                let text = format!(
                    "The operating system is not able to handle the specified number of clients, try with {possible}"
                );
                return Err((directive.name, text));
            }
        }
        if let Some(directive) = is_changed("port").or_else(|| is_changed("bind")) {
            self.listen_anew(new).map_err(|error| {
                // Of an address that cannot be had the log knows already.
                if let ListenError::System(_) = error {
                    self.log.warning(format_args!("{error}"));
                }
                let text = if directive.name == "port" {
                    "Unable to listen on this port. Check server logs."
                } else {
                    "Failed to bind to specified addresses."
                };
                (directive.name, text.to_owned())
            })?;
        }
        Ok(())
    }

    /// Listens where the new configuration says, and no longer where the old one did; if that fails, as before.
    fn listen_anew(&self, new: &Config) -> Result<(), ListenError> {
        let mut handles = self.listening.lock();
        // The old ports first: a new address may overlap an old one.
        handles.close();
        let opened = Listener::open_tcp(new, &self.log)
            .map_err(ListenError::from)
            .and_then(|listeners| {
                let handles = TcpHandles::of(&listeners, new)?;
                Ok((listeners, handles))
            });
        match opened {
            Ok((listeners, new_handles)) => {
                *handles = new_handles;
                self.hub.send(0, Mail::Listen(listeners));
                Ok(())
            }
            Err(error) => {
                handles.reopen()?;
                Err(error)
            }
        }
    }

    /// Takes over what must follow the configuration outside of it.
    pub(crate) fn apply_config(&self) {
        let config = self.config.current();
        let settings = &self.keyspace.settings;
        settings.set_notify_mask(config.notify_keyspace_events.bits());
        let is_lfu = matches!(
            config.maxmemory_policy,
            MaxmemoryPolicy::AllkeysLfu | MaxmemoryPolicy::VolatileLfu
        );
        settings.set_access_policy(if is_lfu {
            keyspace::AccessPolicy::Lfu
        } else {
            keyspace::AccessPolicy::Lru
        });
        settings.set_lfu(config.lfu_log_factor, config.lfu_decay_time);
        self.slowlog
            .configure(config.slowlog_log_slower_than, config.slowlog_max_len);
        self.log.set_level(config.loglevel);
        // There are no replicas yet, so any number of them is too many to ask for.
        let lacks_replicas = config.min_replicas_to_write > 0 && config.min_replicas_max_lag > 0;
        self.barriers.set(Barrier::LacksReplicas, lacks_replicas);
        tracking::apply_limit(self, config.tracking_table_max_keys);
        self.look_at_memory();
    }

    /// Compares the memory in use to `maxmemory`. Asking the system costs more than a small command, so this is done
    /// now and then, and commands look at the result.
    pub(crate) fn look_at_memory(&self) {
        let limit = self.config.current().maxmemory;
        let is_full = limit > 0 && memory::resident_bytes() > limit;
        self.barriers.set(Barrier::MemoryIsFull, is_full);
    }
}

/// Why the server does not listen where CONFIG SET says.
#[derive(Debug, thiserror::Error)]
enum ListenError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("Listening: {0}")]
    System(#[from] std::io::Error),
}

/// How often things have happened of late, per second.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    pub(crate) commands: AtomicU64,
    pub(crate) input_bytes: AtomicU64,
    pub(crate) output_bytes: AtomicU64,
}

/// Counts of big values that are dropped on a thread of their own.
#[derive(Debug, Default)]
pub(crate) struct Garbage {
    pub(crate) pending: AtomicU64,
    pub(crate) dropped: AtomicU64,
}

/// CLIENT PAUSE.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    until_ms: AtomicI64,
    writes_only: AtomicBool,
}

impl Pause {
    /// Pauses clients until a time; a pause never gets shorter or weaker by another.
    pub(crate) fn start(&self, until_ms: i64, writes_only: bool, now_ms: i64) {
        let active = self.until_ms.load(Ordering::Relaxed) > now_ms;
        if !active || !writes_only {
            self.writes_only.store(writes_only, Ordering::Relaxed);
        }
        if active {
            self.until_ms.fetch_max(until_ms, Ordering::Relaxed);
        } else {
            self.until_ms.store(until_ms, Ordering::Relaxed);
        }
    }

    pub(crate) fn end(&self) {
        self.until_ms.store(0, Ordering::Relaxed);
    }

    /// Whether a command has to wait now; `writes` tells whether it may write.
    pub(crate) fn holds(&self, now_ms: i64, writes: bool) -> bool {
        let until_ms = self.until_ms.load(Ordering::Relaxed);
        until_ms != 0 && until_ms > now_ms && (writes || !self.writes_only.load(Ordering::Relaxed))
    }
}

/// Unix time in milliseconds.
pub(crate) fn unix_ms() -> i64 {
    unix_us() / 1000
}

/// Unix time in microseconds.
pub(crate) fn unix_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Forty random hexadecimal digits, as run ids have them.
fn random_hex() -> String {
    let mut digits = String::new();
    while digits.len() < 40 {
        digits.push_str(&format!(
            "{:016x}",
            RandomState::new().hash_one(digits.len())
        ));
    }
    digits.truncate(40);
    digits
}
