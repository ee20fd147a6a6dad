//! How a chunk's name is shown in messages.
//!
//! A chunk is named by its loader: `=name` is shown as it stands, `@name` is a file name (its end is kept when it
//! is too long), anything else is the source text itself and is shown as its first line in `[string "..."]`. Lua
//! shows at most 79 bytes in syntax errors and 59 in run-time positions and `debug.getinfo`.

/// Room for a chunk's name in a syntax error, as C counts it (one byte more than can be shown).
pub const SYNTAX_ERROR_ROOM: usize = 80;

/// Room for a chunk's name in run-time error positions and `short_src`, as C counts it.
pub const SHORT_SOURCE_ROOM: usize = 60;

/// Appends the readable form of `chunk_name` to `out`, at most `room - 1` bytes of it.
///
/// The name ends at its first NUL byte, if it has one.
pub fn write_chunk_id(out: &mut Vec<u8>, chunk_name: &[u8], room: usize) {
    let name = match chunk_name.iter().position(|&byte| byte == 0) {
        Some(end) => &chunk_name[..end],
        None => chunk_name,
    };
    match name.split_first() {
        Some((b'=', shown)) => out.extend_from_slice(&shown[..shown.len().min(room - 1)]),
        Some((b'@', file)) => {
            let most = room - " '...' \0".len();
            if file.len() > most {
                out.extend_from_slice(b"...");
                out.extend_from_slice(&file[file.len() - most..]);
            } else {
                out.extend_from_slice(file);
            }
        }
        _ => {
            let most = room - " [string \"...\"] \0".len();
            let first_line = name.iter().position(|&byte| byte == b'\n' || byte == b'\r');
            let end = first_line.unwrap_or(name.len()).min(most);
            out.extend_from_slice(b"[string \"");
            out.extend_from_slice(&name[..end]);
            if end < name.len() {
                out.extend_from_slice(b"...");
            }
            out.extend_from_slice(b"\"]");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &[u8], room: usize) -> String {
        let mut out = Vec::new();
        write_chunk_id(&mut out, name, room);
        String::from_utf8(out).expect("test names are text")
    }

    #[test]
    fn a_literal_name_is_cut_at_its_end() {
        assert_eq!(shown(b"=stdin", 60), "stdin");
        assert_eq!(shown(b"=ab\0cd", 60), "ab");
        let long = [b"=".as_slice(), &[b'x'; 100]].concat();
        assert_eq!(shown(&long, 80).len(), 79);
    }

    #[test]
    fn a_file_name_keeps_its_end() {
        assert_eq!(shown(b"@user_script", 60), "user_script");
        let long = [b"@".as_slice(), &[b'a'; 40], &[b'z'; 40]].concat();
        let text = shown(&long, 60);
        assert!(text.starts_with("...aaa") && text.ends_with("zzz"));
        assert_eq!(text.len(), 55);
    }

    #[test]
    fn a_text_shows_its_first_line() {
        assert_eq!(shown(b"return 1", 60), "[string \"return 1\"]");
        assert_eq!(shown(b"return 1\nx", 60), "[string \"return 1...\"]");
        assert_eq!(shown(b"", 60), "[string \"\"]");
        assert_eq!(shown(&[b'x'; 63], 80).len(), 63 + 11);
        assert_eq!(shown(&[b'x'; 64], 80).len(), 63 + 3 + 11);
    }
}
