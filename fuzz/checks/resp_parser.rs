//! What must hold for the request parser on any input. Shared by the fuzz target and a bounded test.

use resp::{Limits, Parse, ProtocolError, RequestParser};

/// All requests of `data`, received in pieces of the given lengths (repeated), up to the first error.
fn requests(data: &[u8], pieces: &[usize]) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    let limits = Limits {
        max_bulk_len: 1 << 20,
        authenticated: true,
    };
    let mut parser = RequestParser::new();
    let mut buffer: Vec<u8> = Vec::new();
    let mut found = Vec::new();
    let mut rest = data;
    let mut pieces = pieces.iter().cycle();
    while !rest.is_empty() {
        let piece = pieces
            .next()
            .copied()
            .unwrap_or(rest.len())
            .clamp(1, rest.len());
        buffer.extend_from_slice(&rest[..piece]);
        rest = &rest[piece..];
        loop {
            match parser.parse(&mut buffer, &limits) {
                Ok(Parse::Incomplete) => break,
                Ok(Parse::Empty(consumed)) => {
                    assert!(consumed > 0);
                    buffer.drain(..consumed);
                }
                Ok(Parse::Request(consumed)) => {
                    assert!(consumed > 0);
                    let request = parser.request(&buffer);
                    assert!(!request.is_empty());
                    found.push(request.iter().map(<[u8]>::to_vec).collect());
                    buffer.drain(..consumed);
                }
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

/// Parsing does not depend on how the bytes were split, and never panics.
///
/// An over-long line is the one thing whose discovery depends on timing: a line that arrives whole is
/// accepted at any length. So inputs with long lines are only run, not compared.
pub fn check(data: &[u8]) {
    let whole = requests(data, &[]);
    let bytes = requests(data, &[1]);
    let mixed = requests(data, &[3, 1, 7, 64, 2]);
    if data.len() <= resp::parse::INLINE_MAX {
        assert_eq!(whole, bytes);
        assert_eq!(whole, mixed);
    }
}
