//! What must hold for any text given to the Lua compiler. Shared by the fuzz target and a bounded test.

use lua::compiler;
use lua::verify::verify;

/// Compiling never panics, and what it makes obeys the rules of the instruction set.
pub fn check(data: &[u8]) {
    if let Ok(proto) = compiler::compile(data, b"=fuzz") {
        assert!(verify(&proto).is_ok());
    }
}
