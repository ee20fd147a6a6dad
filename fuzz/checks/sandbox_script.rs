//! What must hold for any script: when it is over, the next one on the same machine finds a pristine world. Shared by the
//! fuzz target and a bounded test.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use resp::{Protocol, Reply, RespWriter};
use scripting::{
    Called, Code, Failure, LogLevel, Machine, Progress, ScriptCache, ScriptHost, Verdict, World,
};

/// Puts everything that a script can reach into words.
const PROBE: &[u8] = include_bytes!("../../xtask/src/sandbox/probe.lua");
/// How often a run is let go on.
const SLICES: u32 = 5;
/// Bytes a run may take.
const BYTES: usize = 8 << 20;

/// A host whose commands all have the same answer.
struct Nobody;

impl ScriptHost for Nobody {
    fn call(&mut self, _: &[&[u8]], _: Protocol, reply: &mut dyn Reply) -> Called {
        reply.null();
        Called::Done
    }

    fn log(&mut self, _: LogLevel, _: &[u8]) {}

    fn may_call(&mut self, _: &[&[u8]]) -> Option<bool> {
        Some(true)
    }

    fn set_replication(&mut self, _append_only_file: bool, _replicas: bool) {}

    fn fail(&mut self, _: Failure) -> bool {
        false
    }

    fn count_error(&mut self, _: &[u8]) {}

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// A machine, and what the probe says on it before anything else has run.
struct Bench {
    cache: ScriptCache,
    machine: Machine,
    slices: Arc<AtomicU32>,
    pristine: Vec<u8>,
}

impl Bench {
    fn new() -> Bench {
        let cache = ScriptCache::default();
        let slices = Arc::new(AtomicU32::new(0));
        let left = Arc::clone(&slices);
        let interrupt = move || match left.load(Ordering::Relaxed) {
            0 => Verdict::Kill,
            rest => {
                left.store(rest - 1, Ordering::Relaxed);
                Verdict::Continue
            }
        };
        let sequence = cache.random_sequence();
        let mut machine = Machine::new(World::Scripts, Box::new(interrupt), sequence);
        machine.set_host(Box::new(Nobody));
        let mut bench = Bench {
            cache,
            machine,
            slices,
            pristine: Vec::new(),
        };
        bench.pristine = bench.run(PROBE).expect("the probe is a script");
        bench
    }

    /// What a script answers; none if it is no script.
    fn run(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let script = self.cache.get_or_compile(text).ok()?;
        let code = Code::Script(script);
        self.machine.prepare(code, &[b"key"], &[b"argument"]).ok()?;
        self.machine.set_memory_limit(BYTES);
        self.slices.store(SLICES, Ordering::Relaxed);
        let mut out = Vec::new();
        let mut reply = RespWriter::new(&mut out, Protocol::Resp2);
        while self.machine.run(&mut reply) == Progress::Suspended {}
        Some(out)
    }
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::new());
}

/// A script changes nothing that the probe, run after it on the same machine, can find.
pub fn check(data: &[u8]) {
    BENCH.with_borrow_mut(|bench| {
        if bench.run(data).is_none() {
            return;
        }
        let after = bench.run(PROBE).expect("the probe is a script");
        assert!(
            after == bench.pristine,
            "the next script finds a changed world:\n{}\nbefore:\n{}",
            String::from_utf8_lossy(&after),
            String::from_utf8_lossy(&bench.pristine)
        );
        if bench.machine.is_worn() {
            *bench = Bench::new();
        }
    });
}
