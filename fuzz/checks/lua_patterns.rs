//! What must hold for any pattern on any subject. Shared by the fuzz target and a bounded test.

use std::cell::RefCell;
use std::sync::Arc;

use lua::value::Value;
use lua::{Outcome, Vm, compiler, library};

const FUEL: u64 = 200_000;
const BYTES: usize = 16 << 20;

const PROGRAM: &str = "
local pattern, subject = ...
local ok, first, last = pcall(string.find, subject, pattern)
if ok and first then
    assert(first >= 1 and last <= #subject and last >= first - 1, 'a match outside of the subject')
    assert(pcall(string.match, subject, pattern))
end
local made, text, count = pcall(string.gsub, subject, pattern, '%0')
if made then assert(text == subject, 'replaced by itself') end
pcall(string.gsub, subject, pattern, '<%1>', 3)
if ok then for a, b in string.gmatch(subject, pattern) do end end";

thread_local! {
    /// A machine with the program, used again, since making one takes longer than most runs.
    static MACHINE: RefCell<(Vm, Value)> = RefCell::new(machine());
}

fn machine() -> (Vm, Value) {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let proto = compiler::compile(PROGRAM.as_bytes(), b"=pattern").expect("the program compiles");
    let function = vm.load(&Arc::new(proto));
    vm.pin(function);
    (vm, function)
}

/// Matching never panics, finds only what is there, ends within its fuel, and leaves nothing behind.
pub fn check(data: &[u8]) {
    let Some((&length, rest)) = data.split_first() else {
        return;
    };
    let (pattern, subject) = rest.split_at(usize::from(length).min(rest.len()));
    MACHINE.with_borrow_mut(|(vm, function)| {
        let before = vm.runtime.heap.bytes_in_use();
        let left = run(vm, *function, [pattern, subject]);
        // Lists may have grown, once.
        if left > before {
            let again = run(vm, *function, [pattern, subject]);
            assert!(again <= left, "each run leaves more");
        }
    });
}

/// Runs the program. The bytes in use after it.
fn run(vm: &mut Vm, function: Value, arguments: [&[u8]; 2]) -> usize {
    vm.begin_region();
    vm.set_memory_limit(Some(BYTES), false);
    let arguments = arguments.map(|part| vm.runtime.heap.new_string(part).into());
    if let Outcome::Failed(error) = vm.call(function, &arguments, FUEL) {
        let text = error.to_string();
        assert!(!text.contains("a match outside"), "{text}");
        assert!(!text.contains("replaced by itself"), "{text}");
    }
    vm.end_region();
    vm.runtime.heap.bytes_in_use()
}
