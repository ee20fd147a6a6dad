//! Lines of words with quotes and escapes, as inline requests, redis-cli and redis.conf have them.

use memchr::memchr3;

use crate::parse::Span;

/// The blanks between arguments that C's `isspace` knows.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// Splits a line into arguments with the quoting rules of redis-cli and inline requests, resolving
/// quotes and escapes in place: an argument never gets longer than its source. `"…"` knows `\n \r \t
/// \b \a \xHH` and `\c` for any other c; `'…'` knows `\'` only. A closing quote must be followed by a
/// blank or the end. `None` if quotes are unbalanced.
pub fn split_line(line: &mut [u8], spans: &mut Vec<Span>) -> Option<()> {
    let mut read = 0;
    loop {
        while line.get(read).is_some_and(|&byte| is_space(byte)) {
            read += 1;
        }
        if read == line.len() {
            return Some(());
        }
        let start = read;
        // The common case: no quote anywhere near, nothing to rewrite.
        let mut write = start;
        let mut quote = None;
        loop {
            let Some(&byte) = line.get(read) else {
                if quote.is_some() {
                    return None;
                }
                break;
            };
            match (quote, byte) {
                (None, b' ' | b'\n' | b'\r' | b'\t') => break,
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if byte == open => {
                    if line.get(read + 1).is_some_and(|&next| !is_space(next)) {
                        return None;
                    }
                    read += 1;
                    break;
                }
                (Some(b'"'), b'\\') => {
                    if let Some(value) = hex_escape(&line[read..]) {
                        line[write] = value;
                        read += 3;
                    } else if let Some(&escaped) = line.get(read + 1) {
                        line[write] = match escaped {
                            b'n' => b'\n',
                            b'r' => b'\r',
                            b't' => b'\t',
                            b'b' => 0x08,
                            b'a' => 0x07,
                            other => other,
                        };
                        read += 1;
                    } else {
                        line[write] = b'\\';
                    }
                    write += 1;
                }
                (Some(b'\''), b'\\') if line.get(read + 1) == Some(&b'\'') => {
                    line[write] = b'\'';
                    read += 1;
                    write += 1;
                }
                _ => {
                    line[write] = byte;
                    write += 1;
                }
            }
            read += 1;
        }
        spans.push(Span { start, end: write });
    }
}

/// The byte that `\xHH` at the start of `text` stands for.
fn hex_escape(text: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low, ..] = *text else {
        return None;
    };
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// Appends `text` in `"…"` with escapes, so that [`split_line`] gives it back. Used where
/// arguments are shown or written to files.
pub fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x20..=0x7e => out.push(byte),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                out.extend_from_slice(&[b'\\', b'x', high, low]);
            }
        }
    }
    out.push(b'"');
}

/// Whether `text` must be quoted to survive [`split_line`] as one argument.
pub fn needs_quotes(text: &[u8]) -> bool {
    text.is_empty()
        || memchr3(b'"', b'\'', b'\\', text).is_some()
        || text.iter().any(|&byte| !byte.is_ascii_graphic())
}
