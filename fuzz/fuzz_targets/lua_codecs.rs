#![no_main]

#[path = "../checks/lua_codecs.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
