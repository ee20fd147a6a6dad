//! What must hold for any text given to the Lua compiler. Shared by the fuzz target and bounded tests.

use lua::compiler;
use lua::disassemble::disassemble;
use lua::verify::verify;

/// Compiling never panics, what it makes obeys the rules of the instruction set and can be listed, and an error has a message. Says whether the
/// text compiled.
pub fn check(data: &[u8]) -> bool {
    match compiler::compile(data, b"=fuzz") {
        Ok(proto) => {
            assert!(verify(&proto).is_ok());
            assert!(disassemble(&proto).starts_with("main"));
            true
        }
        Err(error) => {
            assert!(!error.message().is_empty());
            false
        }
    }
}
