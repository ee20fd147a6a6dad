//! What must hold for any program that is run with bounded fuel and memory. Shared by the fuzz target and a bounded test.

use std::sync::Arc;

use lua::{Outcome, Vm, compiler, library};

/// Fuel of a slice of the run; a step of the collector follows each.
const SLICE: u64 = 50;
const SLICES: usize = 400;
/// Bytes a program may have in use.
const BYTES: usize = 4 << 20;

/// A program ends or is dropped within its bounds, and its region leaves nothing behind that a collection would not take.
pub fn check(data: &[u8]) {
    let Ok(proto) = compiler::compile(data, b"=fuzz") else {
        return;
    };
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let function = vm.load(&Arc::new(proto));
    vm.pin(function);
    vm.begin_region();
    vm.set_memory_limit(Some(BYTES), false);
    let limit = vm.runtime.heap.limit();
    let mut outcome = vm.call(function, &[], SLICE);
    for _ in 0..SLICES {
        if !matches!(outcome, Outcome::Suspended) {
            break;
        }
        vm.collect_garbage_step(0);
        // What one native makes is checked against the cap beforehand; tables double.
        assert!(vm.runtime.heap.bytes_in_use() <= limit.saturating_mul(3));
        outcome = vm.resume(&[], SLICE);
    }
    vm.end_region();
    vm.collect_garbage();
}
