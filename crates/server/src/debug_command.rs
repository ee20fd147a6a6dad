//! How the debugger's client writes its commands: arrays of bulk strings, read by rules of their own.

use std::ops::Range;

/// The most words of a command, and the most bytes of a word.
const LENGTH_MAX: usize = 1024;

/// The bytes are no command of the debugger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocol error")]
pub(crate) struct Malformed;

/// The words of a complete command, and the bytes it takes.
pub(crate) type Parsed = (Vec<Range<usize>>, usize);

/// Finds the command at the start of `input`; none if it is not complete.
pub(crate) fn parse(input: &[u8]) -> Result<Option<Parsed>, Malformed> {
    let mut at = 0;
    let Some(count) = header(input, b'*', &mut at)? else {
        return Ok(None);
    };
    let mut words = Vec::with_capacity(count.min(16));
    for _ in 0..count {
        let Some(length) = header(input, b'$', &mut at)? else {
            return Ok(None);
        };
        let end = at + length;
        match input.get(end..) {
            Some([b'\r', b'\n', ..]) => {}
            Some([b'\r'] | []) | None => return Ok(None),
            Some(_) => return Err(Malformed),
        }
        words.push(at..end);
        at = end + 2;
    }
    Ok(Some((words, at)))
}

/// Reads a line of a mark and a number from 1 to [`LENGTH_MAX`]; none if it is not complete.
fn header(input: &[u8], mark: u8, at: &mut usize) -> Result<Option<usize>, Malformed> {
    match input.get(*at) {
        None => return Ok(None),
        Some(&first) if first != mark => return Err(Malformed),
        Some(_) => {}
    }
    let rest = &input[*at + 1..];
    let Some(length) = rest.windows(2).position(|pair| pair == b"\r\n") else {
        // No number is longer.
        return if rest.len() > 32 {
            Err(Malformed)
        } else {
            Ok(None)
        };
    };
    let digits = std::str::from_utf8(&rest[..length]).map_err(|_| Malformed)?;
    let number: usize = digits.parse().map_err(|_| Malformed)?;
    if !(1..=LENGTH_MAX).contains(&number) {
        return Err(Malformed);
    }
    *at += 1 + length + 2;
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use super::{Malformed, parse};

    #[test]
    fn complete_commands_are_found() {
        let input = b"*2\r\n$1\r\np\r\n$3\r\na\0b\r\n*1\r\n$1\r\nl\r\n";
        let (words, consumed) = parse(input).expect("well-formed").expect("complete");
        let words: Vec<&[u8]> = words.into_iter().map(|word| &input[word]).collect();
        assert_eq!(words, [b"p".as_slice(), b"a\0b"]);
        assert_eq!(consumed, 20);
        let (words, _) = parse(&input[consumed..])
            .expect("well-formed")
            .expect("complete");
        assert_eq!(words.len(), 1);
    }

    #[test]
    fn every_prefix_is_incomplete() {
        let input = b"*2\r\n$1\r\np\r\n$+4\r\nabcd\r\n";
        for end in 0..input.len() {
            assert_eq!(parse(&input[..end]), Ok(None), "{end}");
        }
        assert!(parse(input).expect("well-formed").is_some());
    }

    #[test]
    fn what_redis_refuses_is_refused() {
        for input in [
            b"help\r\n".as_slice(),
            b"*0\r\n",
            b"*-1\r\n",
            b"*a\r\n",
            b"*1025\r\n",
            b"*1\r\n$0\r\n\r\n",
            b"*1\r\n$-1\r\n",
            b"*1\r\n$1025\r\n",
            b"*1\r\nhello\r\n",
            b"*1\r\n$1\r\npXX",
        ] {
            assert_eq!(parse(input), Err(Malformed), "{}", input.escape_ascii());
        }
    }
}
