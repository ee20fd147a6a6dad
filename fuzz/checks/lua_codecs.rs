//! What must hold for any bytes given to the decoders of cjson, cmsgpack and struct. Shared by the fuzz target and a bounded test.

use std::sync::Arc;

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

/// Decoding never panics and ends within its bounds.
pub fn check(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    vm.set_memory_limit(Some(BYTES), false);
    let source = PROGRAMS[usize::from(choice) % PROGRAMS.len()];
    let proto = compiler::compile(source.as_bytes(), b"=codec").expect("the programs compile");
    let function = vm.load(&Arc::new(proto));
    vm.pin(function);
    // A first part up to a NUL is an argument of its own where there are two.
    let split = rest
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(rest.len());
    let parts = if usize::from(choice) % PROGRAMS.len() == 2 {
        [&rest[..split], rest.get(split + 1..).unwrap_or_default()]
    } else {
        [rest, &rest[..split]]
    };
    let arguments = parts.map(|part| vm.runtime.heap.new_string(part).into());
    if let Outcome::Failed(error) = vm.call(function, &arguments, FUEL) {
        let text = error.to_string();
        assert!(!text.contains("assertion failed"), "{text}");
    }
}
