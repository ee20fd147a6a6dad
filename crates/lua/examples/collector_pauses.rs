//! The pauses of the collector: builds a heap of 100 MB that stays in use, lets a program change it and make garbage, and shows the longest
//! step in units of work (the same in every run) and in microseconds (not the same: on a
//! machine busy with other things the longest ones are those during which another process ran).
//!
//! `cargo run --release -p lua --example collector_pauses [MEGABYTES]`

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lua::{Outcome, Vm, compiler, library};

/// What the longest step is worth.
const STEP_KILOBYTES: usize = 16;

/// Keeps records in one big array and in one big hash, some with long strings and closures, and a deep stack of coroutines.
const BUILD: &str = "
local megabytes = ...
collectgarbage('stop')
list, index, count = {}, {}, 0
while collectgarbage('count') < megabytes * 1024 do
    for _ = 1, 1000 do
        count = count + 1
        local record = { id = count, name = 'record ' .. count, tags = { count, count + 1 } }
        if count % 16 == 0 then record.text = ('x'):rep(200) .. count end
        if count % 32 == 0 then record.get = function() return record end end
        list[count] = record
        index[record.name] = record
    end
end
threads = {}
for number = 1, 50 do
    local function nest(depth)
        if depth == 0 then coroutine.yield() return 0 end
        return 1 + nest(depth - 1)
    end
    threads[number] = coroutine.create(nest)
    coroutine.resume(threads[number], 1000)
end
return count";

/// Replaces records, walks through old ones and drops garbage.
const CHANGE: &str = "
local from, steps = ...
for step = 1, steps do
    local number = (from + step * 7919) % count + 1
    local old = list[number]
    index[old.name] = nil
    local record = { id = number, name = 'record ' .. from .. ' ' .. step, tags = old.tags, before = old.id }
    list[number] = record
    index[record.name] = record
end";

/// What the thread has spent on a processor, to a few milliseconds. Where Linux does not tell, the time of day.
fn processor_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match text.split(' ').next().and_then(|first| first.parse().ok()) {
        Some(nanoseconds) => Duration::from_nanos(nanoseconds),
        None => START.get_or_init(Instant::now).elapsed(),
    }
}

fn run(vm: &mut Vm, function: lua::value::Value, arguments: &[f64]) -> Result<(), String> {
    let arguments: Vec<_> = arguments.iter().map(|&number| number.into()).collect();
    match vm.call(function, &arguments, u64::MAX) {
        Outcome::Finished => Ok(()),
        Outcome::Suspended => Err("suspended".to_owned()),
        Outcome::Failed(error) => Err(error.to_string()),
    }
}

fn load(vm: &mut Vm, source: &str, name: &str) -> Result<lua::value::Value, String> {
    let proto =
        compiler::compile(source.as_bytes(), name.as_bytes()).map_err(|error| error.to_string())?;
    let function = vm.load(&Arc::new(proto));
    vm.pin(function);
    Ok(function)
}

fn measure(megabytes: f64) -> Result<(), String> {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let build = load(&mut vm, BUILD, "=build")?;
    let change = load(&mut vm, CHANGE, "=change")?;
    run(&mut vm, build, &[megabytes])?;
    let bytes = vm.runtime.heap.bytes_in_use();
    println!("{:.0} MB in use", bytes as f64 / 1e6);
    // The program is called in short pieces; between them steps as long as the longest that are taken by themselves are measured.
    let mut pauses: Vec<Duration> = Vec::new();
    let mut from = 0.0;
    while vm.collector_statistics().collections < 2 {
        run(&mut vm, change, &[from, 40.0])?;
        from += 40.0;
        let started = Instant::now();
        vm.collect_garbage_step(STEP_KILOBYTES);
        pauses.push(started.elapsed());
    }
    pauses.sort_unstable();
    let statistics = vm.collector_statistics();
    println!(
        "{} steps, {} units of work, at most {} in a step",
        statistics.steps, statistics.work, statistics.longest_step
    );
    let at = |share: f64| pauses[((pauses.len() - 1) as f64 * share) as usize];
    println!(
        "a step takes {:?} (median), {:?} (99 %), {:?} (99.9 %), {:?} (longest)",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    let started = processor_time();
    vm.collect_garbage();
    let whole = processor_time().saturating_sub(started);
    println!("a whole collection takes {whole:?} of processor time");
    Ok(())
}

fn main() -> ExitCode {
    let megabytes = std::env::args().nth(1);
    let megabytes = megabytes
        .and_then(|text| text.parse().ok())
        .unwrap_or(100.0);
    match measure(megabytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
