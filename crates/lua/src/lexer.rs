//! The lexer: source bytes to tokens, exactly as Lua 5.1.5 reads them.
//!
//! It works on a byte slice and allocates nothing per token: names and plain strings are slices of the source,
//! interned once in the chunk's [`Symbols`]. The lexer counts lines and knows the texts of the current token, for
//! messages. Quirks kept on purpose: unknown escapes stand for themselves, any two different newline bytes in a row
//! are one line end, `[[` inside a level-0 long bracket is an error, numbers swallow every letter after them, and a zero byte
//! passes for a dot or an exponent.

mod literal;
mod symbols;
mod token;

pub use symbols::{NONE, Symbol, Symbols};
pub use token::Token;

use crate::compiler::error::{CompileError, SyntaxError};
use crate::number;

/// Classes of bytes, one bit each.
const DIGIT: u8 = 1;
const NAME_START: u8 = 2;
const ALPHANUMERIC: u8 = 4;
/// A zero byte is taken where one of several characters may come or not: for a dot behind a dot, for a number's exponent
/// mark and for the sign behind it. The value of such a number ends there.
const WILD: u8 = 0;
/// White space but for line ends.
const SPACE: u8 = 8;

/// The class bits of every byte in the C locale.
const CLASS: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        if c.is_ascii_digit() {
            table[byte] |= DIGIT | ALPHANUMERIC;
        }
        if c.is_ascii_alphabetic() || c == b'_' {
            table[byte] |= NAME_START | ALPHANUMERIC;
        }
        if matches!(c, b' ' | b'\t' | 0x0b | 0x0c) {
            table[byte] |= SPACE;
        }
        byte += 1;
    }
    table
};

#[inline(always)]
fn is(byte: u8, class: u8) -> bool {
    CLASS[usize::from(byte)] & class != 0
}

/// A token: its kind, what it is, and where its text lies in the source.
#[derive(Clone, Copy)]
struct Scanned {
    token: Token,
    /// Which name or string it is.
    symbol: Symbol,
    /// Which number it is.
    number: f64,
    start: usize,
    end: usize,
}

impl Scanned {
    const NOTHING: Scanned = Scanned {
        token: Token::EndOfSource,
        symbol: Symbol(NONE),
        number: 0.0,
        start: 0,
        end: 0,
    };
}

/// Reads one chunk, token by token.
pub struct Lexer<'s> {
    source: &'s [u8],
    position: usize,
    current: Scanned,
    ahead: Scanned,
    has_ahead: bool,
    /// The line the lexer has reached, from 1.
    pub line: u32,
    /// The line it had reached when the current token became the current one: where the token before it ended.
    pub last_line: u32,
    /// The names and strings met so far.
    pub symbols: Symbols<'s>,
    /// Where literals with escapes are put together.
    buffer: Vec<u8>,
    chunk_name: &'s [u8],
}

impl<'s> Lexer<'s> {
    /// A lexer before the first token; call [`Lexer::advance`] to read it.
    pub fn new(source: &'s [u8], chunk_name: &'s [u8]) -> Self {
        Lexer {
            source,
            position: 0,
            current: Scanned::NOTHING,
            ahead: Scanned::NOTHING,
            has_ahead: false,
            line: 1,
            last_line: 1,
            symbols: Symbols::new(source.len()),
            buffer: Vec::new(),
            chunk_name,
        }
    }

    /// The current token.
    #[inline(always)]
    pub fn token(&self) -> Token {
        self.current.token
    }

    /// The current token's name or string, if it is one.
    #[inline(always)]
    pub fn symbol(&self) -> Symbol {
        self.current.symbol
    }

    /// The current token's number, if it is one.
    #[inline(always)]
    pub fn number(&self) -> f64 {
        self.current.number
    }

    /// Makes the next token the current one.
    #[inline]
    pub fn advance(&mut self) -> Result<(), Box<CompileError>> {
        self.last_line = self.line;
        if self.has_ahead {
            self.has_ahead = false;
            self.current = self.ahead;
            return Ok(());
        }
        self.scan()
    }

    /// The token after the current one.
    pub fn look_ahead(&mut self) -> Result<Token, Box<CompileError>> {
        if !self.has_ahead {
            let current = self.current;
            self.scan()?;
            self.ahead = self.current;
            self.has_ahead = true;
            self.current = current;
        }
        Ok(self.ahead.token)
    }

    /// An error at the current token, whose text the message shows.
    #[cold]
    pub fn error(&self, kind: SyntaxError) -> Box<CompileError> {
        let near = self.near(self.current);
        self.error_near(kind, near)
    }

    /// An error whose message shows no token.
    #[cold]
    pub fn error_without_token(&self, kind: SyntaxError) -> Box<CompileError> {
        self.error_near(kind, None)
    }

    #[cold]
    fn error_near(&self, kind: SyntaxError, near: Option<Box<[u8]>>) -> Box<CompileError> {
        // Messages are C strings in Lua: the token's text is cut at a NUL byte.
        let near = near.map(|text| match text.iter().position(|&byte| byte == 0) {
            Some(end) => text[..end].into(),
            None => text,
        });
        CompileError::new(kind, self.chunk_name, self.line, near)
    }

    /// The text of a token as messages show it: strings with their delimiters, but with escapes already replaced.
    fn near(&self, scanned: Scanned) -> Option<Box<[u8]>> {
        match scanned.token {
            Token::Name | Token::Number => Some(self.source[scanned.start..scanned.end].into()),
            Token::String => {
                let text = self.symbols.text(scanned.symbol);
                let delimiter = self.source[scanned.start];
                if delimiter != b'[' {
                    return Some([&[delimiter], text, &[delimiter]].concat().into());
                }
                let level = self.count_level(scanned.start).0;
                let mut near = self.source[scanned.start..scanned.start + level + 2].to_vec();
                near.extend_from_slice(text);
                near.extend_from_slice(&self.source[scanned.end - level - 2..scanned.end]);
                Some(near.into())
            }
            Token::Unknown => match self.source[scanned.start] {
                // A NUL byte is indistinguishable from "no token" in Lua's own lexer.
                0 => None,
                byte if byte.is_ascii_control() => {
                    Some(format!("char({byte})").into_bytes().into())
                }
                byte => Some(Box::new([byte])),
            },
            token => Some(token.spelling().as_bytes().into()),
        }
    }

    fn peek(&self, distance: usize) -> Option<u8> {
        self.source.get(self.position + distance).copied()
    }

    /// Reads the next token into `current`.
    fn scan(&mut self) -> Result<(), Box<CompileError>> {
        let source = self.source;
        loop {
            let start = self.position;
            self.current.start = start;
            let Some(&byte) = source.get(start) else {
                self.current.token = Token::EndOfSource;
                self.current.end = start;
                return Ok(());
            };
            if is(byte, NAME_START) {
                let mut end = start + 1;
                while end < source.len() && is(source[end], ALPHANUMERIC) {
                    end += 1;
                }
                let text = &source[start..end];
                match Token::reserved(text) {
                    Some(token) => self.current.token = token,
                    None => {
                        self.current.token = Token::Name;
                        self.current.symbol = self.symbols.intern(text);
                    }
                }
                self.position = end;
                self.current.end = end;
                return Ok(());
            }
            if is(byte, SPACE) {
                let mut end = start + 1;
                while end < source.len() && is(source[end], SPACE) {
                    end += 1;
                }
                self.position = end;
                continue;
            }
            let next = source.get(start + 1).copied();
            let (token, length) = match byte {
                b'\n' | b'\r' => {
                    self.newline();
                    continue;
                }
                b'-' if next == Some(b'-') => {
                    self.comment()?;
                    continue;
                }
                b'[' if matches!(next, Some(b'[' | b'=')) => match self.count_level(start) {
                    (level, true) => (self.long_string(level)?, 0),
                    (level, false) => {
                        let near = source[start..start + 1 + level].into();
                        return Err(
                            self.error_near(SyntaxError::InvalidLongStringDelimiter, Some(near))
                        );
                    }
                },
                b'=' if next == Some(b'=') => (Token::Equal, 2),
                b'<' if next == Some(b'=') => (Token::LessEqual, 2),
                b'>' if next == Some(b'=') => (Token::GreaterEqual, 2),
                b'~' if next == Some(b'=') => (Token::NotEqual, 2),
                b'"' | b'\'' => (self.string(byte)?, 0),
                b'.' => match (next, source.get(start + 2).copied()) {
                    (Some(b'.' | WILD), Some(b'.' | WILD)) => (Token::Dots, 3),
                    (Some(b'.' | WILD), _) => (Token::Concat, 2),
                    (Some(b'0'..=b'9'), _) => (self.numeral()?, 0),
                    _ => (Token::Dot, 1),
                },
                b'0'..=b'9' => (self.numeral()?, 0),
                _ => (Token::single(byte), 1),
            };
            self.position += length;
            self.current.token = token;
            self.current.end = self.position;
            return Ok(());
        }
    }

    /// Passes a line end: one newline byte, or two different ones.
    fn newline(&mut self) {
        let first = self.source[self.position];
        self.position += 1;
        if let Some(second @ (b'\n' | b'\r')) = self.peek(0)
            && second != first
        {
            self.position += 1;
        }
        self.line = self.line.saturating_add(1);
    }

    fn numeral(&mut self) -> Result<Token, Box<CompileError>> {
        let start = self.position;
        let source = self.source;
        // Short runs of digits are nearly all the numbers there are, and exact without rounding.
        let mut value = 0u64;
        let mut at = start;
        while at < source.len() && is(source[at], DIGIT) {
            value = value
                .wrapping_mul(10)
                .wrapping_add(u64::from(source[at] - b'0'));
            at += 1;
        }
        let next = source.get(at).copied().unwrap_or(b' ');
        let ends = next != b'.' && next != WILD && !is(next, ALPHANUMERIC);
        if at - start <= 15 && at > start && ends {
            self.position = at;
            self.current.number = value as f64;
            return Ok(Token::Number);
        }
        let skip_while = |mut at: usize, wanted: fn(u8) -> bool| {
            while at < source.len() && wanted(source[at]) {
                at += 1;
            }
            at
        };
        let mut end = skip_while(start, |byte| is(byte, DIGIT) || byte == b'.');
        if let Some(b'e' | b'E' | WILD) = source.get(end).copied() {
            end += 1;
            if let Some(b'+' | b'-' | WILD) = source.get(end).copied() {
                end += 1;
            }
        }
        end = skip_while(end, |byte| is(byte, ALPHANUMERIC));
        self.position = end;
        let text = source[start..end].split(|&byte| byte == WILD).next();
        let text = text.unwrap_or_default();
        match number::parse(text) {
            Some(value) => {
                self.current.number = value;
                Ok(Token::Number)
            }
            None => Err(self.error_near(SyntaxError::MalformedNumber, Some(text.into()))),
        }
    }

    fn comment(&mut self) -> Result<(), Box<CompileError>> {
        self.position += 2;
        if self.peek(0) == Some(b'[')
            && let (level, true) = self.count_level(self.position)
        {
            self.long_bracket(level, SyntaxError::UnfinishedLongComment)?;
            return Ok(());
        }
        let rest = &self.source[self.position..];
        self.position += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
