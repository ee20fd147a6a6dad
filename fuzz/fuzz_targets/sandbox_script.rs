#![no_main]

#[path = "../checks/sandbox_script.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
