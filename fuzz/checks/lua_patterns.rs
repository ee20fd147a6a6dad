//! What must hold for any pattern on any subject. Shared by the fuzz target and a bounded test.

use std::sync::Arc;

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

/// Matching never panics, finds only what is there, and ends within its fuel.
pub fn check(data: &[u8]) {
    let Some((&length, rest)) = data.split_first() else {
        return;
    };
    let (pattern, subject) = rest.split_at(usize::from(length).min(rest.len()));
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    vm.set_memory_limit(Some(BYTES), false);
    let proto = compiler::compile(PROGRAM.as_bytes(), b"=pattern").expect("the program compiles");
    let function = vm.load(&Arc::new(proto));
    vm.pin(function);
    let arguments = [pattern, subject].map(|part| vm.runtime.heap.new_string(part).into());
    if let Outcome::Failed(error) = vm.call(function, &arguments, FUEL) {
        let text = error.to_string();
        assert!(!text.contains("a match outside"), "{text}");
        assert!(!text.contains("replaced by itself"), "{text}");
    }
}
