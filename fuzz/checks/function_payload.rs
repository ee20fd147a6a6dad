//! What must hold for FUNCTION RESTORE payloads and the first lines of libraries on any input. Shared by the fuzz target
//! and a bounded test.

use scripting::function::{header, payload};

/// Neither parser panics or makes more than its input can hold, and what was read is written and read alike.
pub fn check(data: &[u8]) {
    if let Ok(texts) = payload::read(data) {
        again(&texts);
    }
    // With a footer that fits, so that what is before it is looked at.
    if let Ok(texts) = payload::read(&payload::seal(data.to_vec())) {
        let bytes: usize = texts.iter().map(Vec::len).sum();
        assert!(bytes <= data.len().saturating_mul(264) + 16);
        again(&texts);
    }
    if let Ok(header) = header::parse(data) {
        assert!(!header.name.is_empty() && header.name.is_ascii());
        assert!(header.code.starts_with(b"\n") && data.ends_with(header.code));
    }
}

fn again(texts: &[Vec<u8>]) {
    let written = payload::write(texts.iter().map(Vec::as_slice));
    assert_eq!(payload::read(&written).as_deref(), Ok(texts));
}
