//! redis-cli's quoting of command lines: `"…"` with `\n \r \t \a \b \\ \" \xNN`, `'…'` with `\'`, bare words.

/// Why a line cannot be split.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuotingError {
    /// A quote is not closed.
    #[error("unbalanced quotes")]
    Unbalanced,
    /// A closing quote is followed by something other than a blank.
    #[error("a blank must follow a closing quote")]
    NoBlank,
}

/// Splits one line into its arguments.
pub fn split(line: &str) -> Result<Vec<Vec<u8>>, QuotingError> {
    let mut bytes = line.bytes().peekable();
    let mut arguments = Vec::new();
    loop {
        while bytes.next_if(|byte| byte.is_ascii_whitespace()).is_some() {}
        let Some(&first) = bytes.peek() else {
            return Ok(arguments);
        };
        let mut argument = Vec::new();
        match first {
            b'"' | b'\'' => {
                bytes.next();
                quoted(&mut bytes, first, &mut argument)?;
                if bytes.peek().is_some_and(|byte| !byte.is_ascii_whitespace()) {
                    return Err(QuotingError::NoBlank);
                }
            }
            _ => {
                while let Some(byte) = bytes.next_if(|byte| !byte.is_ascii_whitespace()) {
                    argument.push(byte);
                }
            }
        }
        arguments.push(argument);
    }
}

fn quoted(
    bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>,
    quote: u8,
    argument: &mut Vec<u8>,
) -> Result<(), QuotingError> {
    loop {
        let byte = bytes.next().ok_or(QuotingError::Unbalanced)?;
        if byte == quote {
            return Ok(());
        }
        if byte != b'\\' || (quote == b'\'' && bytes.peek() != Some(&b'\'')) {
            argument.push(byte);
            continue;
        }
        let escaped = bytes.next().ok_or(QuotingError::Unbalanced)?;
        argument.push(match escaped {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 7,
            b'b' => 8,
            b'x' => {
                let mut ahead = bytes.clone();
                let digits = [ahead.next(), ahead.next()]
                    .map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
                match digits {
                    [Some(high), Some(low)] => {
                        *bytes = ahead;
                        u8::try_from(high * 16 + low).expect("two hex digits make a byte")
                    }
                    _ => b'x',
                }
            }
            other => other,
        });
    }
}

/// Shows bytes as one quoted word that `split` would take back; plain words stay bare.
pub fn show(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    show_quoted(bytes)
}

/// Shows bytes in double quotes, escaping what is not printable.
pub fn show_quoted(bytes: &[u8]) -> String {
    let mut shown = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => shown.extend(['\\', char::from(byte)]),
            b'\n' => shown.push_str("\\n"),
            b'\r' => shown.push_str("\\r"),
            b'\t' => shown.push_str("\\t"),
            b' '..=b'~' => shown.push(char::from(byte)),
            _ => shown.push_str(&format!("\\x{byte:02x}")),
        }
    }
    shown.push('"');
    shown
}

/// Shows a whole command as a line.
pub fn show_command(arguments: &[Vec<u8>]) -> String {
    arguments
        .iter()
        .map(|argument| show(argument))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes_are_those_of_redis_cli() {
        let words = split(r#"SET "a b\x00\n" 'it\'s \n' bare"q"#).expect("balanced");
        assert_eq!(words, [&b"SET"[..], b"a b\0\n", br"it's \n", b"bare\"q"]);
        assert_eq!(split(r#"SET "a"#), Err(QuotingError::Unbalanced));
        assert_eq!(split(r#""a"b"#), Err(QuotingError::NoBlank));
    }

    #[test]
    fn what_is_shown_can_be_split_again() {
        let command = vec![
            b"SET".to_vec(),
            b"\"\\\0\xff\r\n".to_vec(),
            Vec::new(),
            b"it's".to_vec(),
        ];
        assert_eq!(split(&show_command(&command)).expect("balanced"), command);
    }
}
