//! Where the memory goes: what INFO, MEMORY STATS and MEMORY DOCTOR tell.
//!
//! The memory in use is what the system counts as resident, so VMs, caches, buffers and what the allocator keeps for
//! later are all in it; the parts are what their owners know of themselves, and the rest is the data set.

use std::sync::atomic::Ordering;

use keyspace::{DatabaseOverhead, Unit};

use crate::memory;
use crate::road::run::Bench;
use crate::server::Server;

/// The memory of the process and its parts, in bytes unless said otherwise.
#[derive(Clone, Debug)]
pub(crate) struct MemoryReport {
    pub(crate) used: u64,
    pub(crate) peak: u64,
    /// In use when the server was ready.
    pub(crate) startup: u64,
    pub(crate) clients: u64,
    /// The VMs of scripts that wait for their next run.
    pub(crate) script_vms: u64,
    /// The VMs of functions.
    pub(crate) function_vms: u64,
    /// Scripts in the cache.
    pub(crate) scripts: u64,
    /// Libraries of functions.
    pub(crate) libraries: u64,
    /// Databases with keys, and what keeping them in order takes.
    pub(crate) databases: Vec<(usize, DatabaseOverhead)>,
    /// How many keys there are.
    pub(crate) keys: u64,
}

impl MemoryReport {
    /// Looks at everything; shards that somebody else holds are left out.
    pub(crate) fn new(server: &Server, bench: &Bench, unit: &Unit<'_>) -> MemoryReport {
        note_machines(bench);
        let sum = |bytes: fn(&crate::stats::WorkerStats) -> u64| {
            server.stats.iter().map(|one| bytes(one)).sum::<u64>()
        };
        let clients = server.clients.all();
        let clients = clients.iter().map(|record| record.memory() as u64).sum();
        let mut keys = 0;
        let mut databases = Vec::new();
        for database in 0..server.keyspace.database_count() {
            let count = unit.database_stats(database).keys as u64;
            if count > 0 {
                databases.push((database, unit.database_overhead(database)));
            }
            keys += count;
        }
        let used = memory::resident_bytes();
        MemoryReport {
            used,
            peak: memory::peak_resident_bytes().max(used),
            startup: server.startup_memory.load(Ordering::Relaxed).min(used),
            clients,
            script_vms: sum(|stats| stats.script_vms.load(Ordering::Relaxed)),
            function_vms: sum(|stats| stats.function_vms.load(Ordering::Relaxed))
                + server.library_machines.memory() as u64,
            scripts: server.scripts.memory() as u64,
            libraries: server.libraries.current().memory() as u64,
            databases,
            keys,
        }
    }

    /// All VMs.
    pub(crate) fn vms(&self) -> u64 {
        self.script_vms + self.function_vms
    }

    /// All that is not the data set.
    pub(crate) fn overhead(&self) -> u64 {
        let tables = self
            .databases
            .iter()
            .map(|(_, overhead)| overhead.table + overhead.expiries);
        let parts = self.startup + self.clients + self.vms() + self.scripts + self.libraries;
        (parts + tables.sum::<usize>() as u64).min(self.used)
    }

    /// The data set.
    pub(crate) fn dataset(&self) -> u64 {
        self.used - self.overhead()
    }

    /// The share of the data set in what came after the start, in percent.
    pub(crate) fn dataset_percentage(&self) -> f64 {
        percentage(self.dataset(), self.used - self.startup)
    }

    /// How near the memory in use is to the most there ever was, in percent.
    pub(crate) fn peak_percentage(&self) -> f64 {
        percentage(self.used, self.peak)
    }

    /// What came after the start, per key.
    pub(crate) fn bytes_per_key(&self) -> u64 {
        (self.used - self.startup)
            .checked_div(self.keys)
            .unwrap_or(0)
    }
}

fn percentage(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 * 100.0 / whole as f64
}

/// Tells the other threads what the VMs of this one take.
pub(crate) fn note_machines(bench: &Bench) {
    let (machines, stats) = (&bench.machines, &bench.stats);
    let functions = machines.memory_for_functions() as u64;
    stats
        .script_vms
        .store(machines.memory() as u64, Ordering::Relaxed);
    stats.function_vms.store(functions, Ordering::Relaxed);
}
