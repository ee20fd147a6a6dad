//! String literals, in quotes and in long brackets.

use super::{Lexer, Token};
use crate::compiler::error::{CompileError, SyntaxError};

impl<'s> Lexer<'s> {
    /// Reads a string in quotes.
    pub(super) fn string(&mut self, quote: u8) -> Result<Token, Box<CompileError>> {
        let start = self.position + 1;
        let mut at = start;
        let source = self.source;
        while let Some(&byte) = source.get(at) {
            match byte {
                b'\\' => break,
                b'\n' | b'\r' => {
                    self.position = at;
                    let near = source[start - 1..at].into();
                    return Err(self.error_near(SyntaxError::UnfinishedString, Some(near)));
                }
                _ if byte == quote => {
                    self.position = at + 1;
                    self.current.symbol = self.symbols.intern(&source[start..at]);
                    return Ok(Token::String);
                }
                _ => at += 1,
            }
        }
        self.buffer.clear();
        self.buffer.extend_from_slice(&source[start..at]);
        self.position = at;
        self.string_with_escapes(quote)
    }

    /// Reads the rest of a string in quotes, from its first escape on; what came before is in the buffer.
    fn string_with_escapes(&mut self, quote: u8) -> Result<Token, Box<CompileError>> {
        loop {
            let Some(byte) = self.peek(0) else {
                let near = Token::EndOfSource.spelling().as_bytes().into();
                return Err(self.error_near(SyntaxError::UnfinishedString, Some(near)));
            };
            match byte {
                b'\n' | b'\r' => {
                    return Err(self.error_in_string(SyntaxError::UnfinishedString, quote));
                }
                b'\\' => {
                    self.position += 1;
                    self.escape(quote)?;
                }
                _ => {
                    self.position += 1;
                    if byte == quote {
                        break;
                    }
                    self.buffer.push(byte);
                }
            }
        }
        self.current.symbol = self.symbols.intern_copy(&self.buffer);
        Ok(Token::String)
    }

    /// Reads what follows a backslash.
    fn escape(&mut self, quote: u8) -> Result<(), Box<CompileError>> {
        // At the end of the source the caller reports the string as unfinished.
        let Some(byte) = self.peek(0) else {
            return Ok(());
        };
        let value = match byte {
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'\n' | b'\r' => {
                self.newline();
                self.buffer.push(b'\n');
                return Ok(());
            }
            b'0'..=b'9' => {
                let mut code = 0u32;
                let mut digits = 0;
                while digits < 3
                    && let Some(digit @ b'0'..=b'9') = self.peek(0)
                {
                    code = code * 10 + u32::from(digit - b'0');
                    self.position += 1;
                    digits += 1;
                }
                let Ok(value) = u8::try_from(code) else {
                    return Err(self.error_in_string(SyntaxError::EscapeTooLarge, quote));
                };
                self.buffer.push(value);
                return Ok(());
            }
            other => other,
        };
        self.position += 1;
        self.buffer.push(value);
        Ok(())
    }

    #[cold]
    fn error_in_string(&self, kind: SyntaxError, quote: u8) -> Box<CompileError> {
        let near = [&[quote], self.buffer.as_slice()].concat();
        self.error_near(kind, Some(near.into()))
    }

    /// How many `=` follow the bracket at `at`, and whether another bracket like it comes after them.
    pub(super) fn count_level(&self, at: usize) -> (usize, bool) {
        let bracket = self.source[at];
        let rest = &self.source[at + 1..];
        let level = rest.iter().take_while(|&&byte| byte == b'=').count();
        (level, rest.get(level) == Some(&bracket))
    }

    pub(super) fn long_string(&mut self, level: usize) -> Result<Token, Box<CompileError>> {
        let text = self.long_bracket(level, SyntaxError::UnfinishedLongString)?;
        if !text.contains(&b'\r') {
            self.current.symbol = self.symbols.intern(text);
            return Ok(Token::String);
        }
        // Every line end becomes a single newline.
        self.buffer.clear();
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            at += 1;
            if byte == b'\n' || byte == b'\r' {
                if let Some(&second @ (b'\n' | b'\r')) = text.get(at)
                    && second != byte
                {
                    at += 1;
                }
                self.buffer.push(b'\n');
            } else {
                self.buffer.push(byte);
            }
        }
        self.current.symbol = self.symbols.intern_copy(&self.buffer);
        Ok(Token::String)
    }

    /// Passes a long bracket of the given level and returns what is between its delimiters, without a line end
    /// that directly follows the opening one.
    pub(super) fn long_bracket(
        &mut self,
        level: usize,
        unfinished: SyntaxError,
    ) -> Result<&'s [u8], Box<CompileError>> {
        let source = self.source;
        self.position += level + 2;
        if let Some(b'\n' | b'\r') = self.peek(0) {
            self.newline();
        }
        let start = self.position;
        loop {
            let Some(byte) = self.peek(0) else {
                let near = Token::EndOfSource.spelling().as_bytes().into();
                return Err(self.error_near(unfinished, Some(near)));
            };
            match byte {
                b'\n' | b'\r' => self.newline(),
                b']' => {
                    let (found, closed) = self.count_level(self.position);
                    if closed && found == level {
                        let text = &source[start..self.position];
                        self.position += level + 2;
                        return Ok(text);
                    }
                    self.position += 1 + found;
                }
                b'[' if level == 0 && self.peek(1) == Some(b'[') => {
                    return Err(
                        self.error_near(SyntaxError::NestedLongString, Some(Box::new([b'['])))
                    );
                }
                _ => self.position += 1,
            }
        }
    }
}
