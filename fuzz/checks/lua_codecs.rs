//! What must hold for any bytes given to the decoders of cjson, cmsgpack and struct. Shared by the fuzz target and a bounded test.

use std::cell::RefCell;
use std::sync::Arc;

use lua::value::Value;
use lua::{Outcome, Vm, compiler, library};

const FUEL: u64 = 1_000_000;
const BYTES: usize = 64 << 20;

/// By the first byte: what is decoded can be encoded and decoded again, to the same text.
const PROGRAMS: [&str; 4] = [
    "local ok, value = pcall(cjson.decode, (...))
     if ok then
        local again, text = pcall(cjson.encode, value)
        if again then assert(cjson.encode(cjson.decode(text)) == text or type(value) == 'table') end
     end",
    "local values = {pcall(cmsgpack.unpack, (...))}
     if values[1] and #values > 1 then
        local ok, packed = pcall(cmsgpack.pack, values[2])
        if ok then cmsgpack.unpack(packed) end
     end",
    "local format, text = ...
     local values = {pcall(struct.unpack, format, text)}
     pcall(struct.size, format)
     if values[1] then pcall(struct.pack, format, unpack(values, 2, #values)) end",
    "local text, limit = ...
     pcall(cmsgpack.unpack_limit, text, #limit, 0)
     pcall(cmsgpack.unpack_one, text, #limit)",
];

/// A machine with the programs loaded. It is used again, since making one takes longer than most runs: what a run leaves is dropped with
/// its region, and the programs change nothing outside of it.
struct Machine {
    vm: Vm,
    functions: [Value; PROGRAMS.len()],
}

impl Machine {
    fn new() -> Machine {
        let mut vm = Vm::new();
        library::open_all(&mut vm);
        let functions = PROGRAMS.map(|source| {
            let proto = compiler::compile(source.as_bytes(), b"=codec");
            let function = vm.load(&Arc::new(proto.expect("the programs compile")));
            vm.pin(function);
            function
        });
        Machine { vm, functions }
    }

    /// Runs a program. The bytes in use after it.
    fn run(&mut self, choice: usize, arguments: [&[u8]; 2]) -> usize {
        let vm = &mut self.vm;
        vm.begin_region();
        vm.set_memory_limit(Some(BYTES), false);
        let arguments = arguments.map(|part| vm.runtime.heap.new_string(part).into());
        if let Outcome::Failed(error) = vm.call(self.functions[choice], &arguments, FUEL) {
            let text = error.to_string();
            assert!(!text.contains("assertion failed"), "{text}");
        }
        vm.end_region();
        vm.runtime.heap.bytes_in_use()
    }
}

thread_local! {
    static MACHINE: RefCell<Machine> = RefCell::new(Machine::new());
}

/// Decoding never panics, ends within its bounds, and leaves nothing behind.
pub fn check(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let choice = usize::from(choice) % PROGRAMS.len();
    // A first part up to a NUL is an argument of its own where there are two.
    let split = rest
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(rest.len());
    let parts = if choice == 2 {
        [&rest[..split], rest.get(split + 1..).unwrap_or_default()]
    } else {
        [rest, &rest[..split]]
    };
    MACHINE.with_borrow_mut(|machine| {
        let before = machine.vm.runtime.heap.bytes_in_use();
        let left = machine.run(choice, parts);
        // Lists may have grown, once.
        if left > before {
            assert!(machine.run(choice, parts) <= left, "each run leaves more");
        }
    });
}
