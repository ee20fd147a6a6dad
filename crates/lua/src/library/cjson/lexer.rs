//! JSON's tokens, as lax as lua-cjson takes them.

use crate::number;

/// A token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    /// A string without escapes: the input from one offset to another.
    Plain(usize, usize),
    /// A string with escapes: the lexer's [`Lexer::unescaped`].
    Unescaped,
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    /// What is wrong here.
    Fault(&'static str),
}

impl Token {
    /// What error messages call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::Plain(..) | Token::Unescaped => "T_STRING",
            Token::Number(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Fault(what) => what,
        }
    }
}

const INVALID_TOKEN: Token = Token::Fault("invalid token");
const INVALID_NUMBER: Token = Token::Fault("invalid number");
const INVALID_ESCAPE: Token = Token::Fault("invalid escape code");
const INVALID_UNICODE: Token = Token::Fault("invalid unicode escape code");
const UNEXPECTED_END: Token = Token::Fault("unexpected end of string");

/// Whether a byte ends the plain stretch of a string.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special[0] = true;
    special
};

/// Takes a JSON text apart. A NUL ends it.
pub(super) struct Lexer {
    pub(super) input: Vec<u8>,
    pub(super) at: usize,
    /// Offset of the last token, or of what is wrong in it.
    pub(super) token_at: usize,
    /// The last string that had escapes.
    pub(super) unescaped: Vec<u8>,
    invalid_numbers: bool,
}

impl Lexer {
    pub(super) fn new(input: Vec<u8>, invalid_numbers: bool) -> Lexer {
        Lexer {
            input,
            at: 0,
            token_at: 0,
            unescaped: Vec::new(),
            invalid_numbers,
        }
    }

    /// The next token.
    #[inline]
    pub(super) fn next(&mut self) -> Token {
        let byte = loop {
            match self.input.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(&byte) => break byte,
                None => break 0,
            }
        };
        self.token_at = self.at;
        let token = match byte {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b',' => Token::Comma,
            b':' => Token::Colon,
            0 => return Token::End,
            b'"' => return self.string(),
            b'0'..=b'9' => return self.number_from_digit(),
            _ => return self.word(byte),
        };
        self.at += 1;
        token
    }

    fn word(&mut self, byte: u8) -> Token {
        if byte == b'-' {
            if !self.invalid_numbers && self.is_invalid_number() {
                return INVALID_NUMBER;
            }
            return self.number();
        }
        for (word, token) in [
            (&b"true"[..], Token::Boolean(true)),
            (b"false", Token::Boolean(false)),
            (b"null", Token::Null),
        ] {
            if self.input[self.at..].starts_with(word) {
                self.at += word.len();
                return token;
            }
        }
        if self.invalid_numbers && self.is_invalid_number() {
            return self.number();
        }
        INVALID_TOKEN
    }

    /// Whether what stands here is a number only in C: hexadecimal, with leading zeros or a plus sign, NaN, infinite.
    fn is_invalid_number(&self) -> bool {
        let text = &self.input[self.at..];
        let text = match text {
            [b'+', ..] => return true,
            [b'-', rest @ ..] => rest,
            text => text,
        };
        match text {
            [b'0', b'x' | b'X' | b'0'..=b'9', ..] => true,
            [b'0'..=b'9', ..] => false,
            _ => {
                text.len() >= 3
                    && (text[..3].eq_ignore_ascii_case(b"inf")
                        || text[..3].eq_ignore_ascii_case(b"nan"))
            }
        }
    }

    #[inline]
    fn number_from_digit(&mut self) -> Token {
        // Plain integers are most numbers.
        let text = &self.input[self.at..];
        let mut value = 0_u64;
        let mut length = 0;
        while let Some(&byte) = text.get(length) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 || length == 15 {
                break;
            }
            value = value * 10 + u64::from(digit);
            length += 1;
        }
        match text.get(length) {
            Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'x' | b'X') => {}
            _ if text[0] == b'0' && length > 1 => {}
            _ => {
                self.at += length;
                return Token::Number(value as f64);
            }
        }
        if !self.invalid_numbers && self.is_invalid_number() {
            return INVALID_NUMBER;
        }
        self.number()
    }

    fn number(&mut self) -> Token {
        match number::parse_prefix(&self.input[self.at..]) {
            Some((number, length)) => {
                self.at += length;
                Token::Number(number)
            }
            None => INVALID_NUMBER,
        }
    }

    /// Offset of the next quote, backslash or NUL at or behind `from`; the input's length if there is none.
    #[inline]
    fn plain_end(&self, from: usize) -> usize {
        let text = &self.input[from..];
        let near = text.len().min(24);
        match text[..near]
            .iter()
            .position(|&byte| SPECIAL[usize::from(byte)])
        {
            Some(length) => from + length,
            None => {
                let rest = memchr::memchr3(b'"', b'\\', 0, &text[near..]);
                rest.map_or(self.input.len(), |length| from + near + length)
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Token {
        let start = self.at + 1;
        let end = self.plain_end(start);
        if self.input.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Token::Plain(start, end);
        }
        self.escaped_string(start, end)
    }

    fn escaped_string(&mut self, start: usize, mut end: usize) -> Token {
        self.unescaped.clear();
        let mut from = start;
        loop {
            self.unescaped.extend_from_slice(&self.input[from..end]);
            match self.input.get(end) {
                Some(b'"') => {
                    self.at = end + 1;
                    return Token::Unescaped;
                }
                Some(b'\\') => match self.escape(end) {
                    Ok(next) => from = next,
                    Err(fault) => {
                        self.token_at = end;
                        return fault;
                    }
                },
                _ => {
                    self.token_at = end;
                    return UNEXPECTED_END;
                }
            }
            end = self.plain_end(from);
        }
    }

    /// Adds what the escape at `at` stands for; returns the offset behind it.
    fn escape(&mut self, at: usize) -> Result<usize, Token> {
        let byte = match self.input.get(at + 1) {
            Some(b'"') => b'"',
            Some(b'\\') => b'\\',
            Some(b'/') => b'/',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode_escape(at).ok_or(INVALID_UNICODE),
            _ => return Err(INVALID_ESCAPE),
        };
        self.unescaped.push(byte);
        Ok(at + 2)
    }

    fn unicode_escape(&mut self, at: usize) -> Option<usize> {
        let unit = self.four_digits(at + 2)?;
        let (point, end) = match unit {
            0xd800..0xdc00 => {
                if !self.input[at + 6..].starts_with(b"\\u") {
                    return None;
                }
                let low = self
                    .four_digits(at + 8)
                    .filter(|low| (0xdc00..0xe000).contains(low))?;
                (0x10000 + ((unit & 0x3ff) << 10 | low & 0x3ff), at + 12)
            }
            _ => (unit, at + 6),
        };
        // A low surrogate on its own is no character.
        let character = char::from_u32(point)?;
        self.unescaped
            .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Some(end)
    }

    fn four_digits(&self, at: usize) -> Option<u32> {
        let digits = self.input.get(at..at + 4)?;
        digits.iter().try_fold(0, |value, &digit| {
            Some(value << 4 | char::from(digit).to_digit(16)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_become_utf8() {
        let cases: &[(&str, Option<&[u8]>)] = &[
            (r#""\u00e9""#, Some("é".as_bytes())),
            (r#""\u0000""#, Some(b"\0")),
            (r#""\ud83d\ude00""#, Some("😀".as_bytes())),
            (r#""\ud83d""#, None),
            (r#""\ude00""#, None),
            (r#""\ud83d\u0041""#, None),
            (r#""\u12""#, None),
            (r#""\/\b\f\n\r\t\"\\""#, Some(b"/\x08\x0c\n\r\t\"\\")),
        ];
        for (text, expected) in cases {
            let mut lexer = Lexer::new(text.as_bytes().to_vec(), true);
            let token = lexer.next();
            match expected {
                Some(bytes) => {
                    assert_eq!(token, Token::Unescaped, "{text}");
                    assert_eq!(lexer.unescaped, *bytes, "{text}");
                }
                None => {
                    assert_eq!(token, INVALID_UNICODE, "{text}");
                    assert_eq!(lexer.token_at, 1, "{text}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_as_lax_as_the_settings() {
        let token = |text: &str, lax| Lexer::new(text.as_bytes().to_vec(), lax).next();
        assert_eq!(token("12", false), Token::Number(12.0));
        assert_eq!(token("0x10", true), Token::Number(16.0));
        assert_eq!(token("0x10", false), INVALID_NUMBER);
        assert_eq!(token("01", true), Token::Number(1.0));
        assert_eq!(token("01", false), INVALID_NUMBER);
        assert_eq!(token("-", true), INVALID_NUMBER);
        assert_eq!(token("+1", true), Token::Number(1.0));
        assert_eq!(token("+1", false), INVALID_TOKEN);
        assert_eq!(token(".5", true), INVALID_TOKEN);
        assert_eq!(token("Infinity", true), Token::Number(f64::INFINITY));
        assert_eq!(token("inf", false), INVALID_TOKEN);
        assert_eq!(token("-inf", false), INVALID_NUMBER);
        assert_eq!(
            token("123456789012345678901234567890", true),
            Token::Number(123456789012345678901234567890.0)
        );
        assert_eq!(
            token("1234567890123456", true),
            Token::Number(1234567890123456.0)
        );
    }

    proptest! {
        #[test]
        fn no_input_panics(input in proptest::collection::vec(
            prop_oneof![proptest::sample::select(b"{}[],:\"\\u0de8 trueflsn-+.xni19".to_vec()), any::<u8>()], 0..60),
            lax in any::<bool>())
        {
            let mut lexer = Lexer::new(input, lax);
            for _ in 0..100 {
                match lexer.next() {
                    Token::End | Token::Fault(_) => break,
                    Token::Plain(start, end) => prop_assert!(end <= lexer.input.len() && start <= end),
                    _ => {}
                }
            }
        }
    }
}
