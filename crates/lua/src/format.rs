//! One directive of `string.format`, as C's printf shows it within the limits that Lua 5.1 sets.
//!
//! A directive is `%`, at most five flags of `-+ #0`, at most two digits of width, at most two of precision, and a
//! conversion letter. Taking the arguments from Lua belongs to the string library; this module reads directives and
//! renders a value under one.

use crate::number::{Digits, fast_fixed, write_exponent};
use std::io::Write;
use thiserror::Error;

/// Why a format string is refused; the texts are 5.1's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// More than five flags.
    #[error("invalid format (repeated flags)")]
    RepeatedFlags,
    /// A third digit in the width or the precision.
    #[error("invalid format (width or precision too long)")]
    TooLong,
}

/// What stands between `%` and the conversion letter, and that letter (`0` where the format string ends).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directive {
    /// `-`: pad on the right.
    pub left: bool,
    /// `+`: show a plus sign.
    pub plus: bool,
    /// A blank where a plus sign would stand.
    pub space: bool,
    /// `#`: the alternate form.
    pub alternate: bool,
    /// `0`: pad numbers with zeros.
    pub zero: bool,
    /// Least width in bytes, up to 99.
    pub width: usize,
    /// Digits or bytes to show, up to 99.
    pub precision: Option<usize>,
    /// The conversion letter.
    pub conversion: u8,
}

impl Directive {
    /// Reads the directive behind a `%` and its length in bytes, the letter included.
    ///
    /// # Errors
    ///
    /// Too many flags or digits.
    pub fn parse(text: &[u8]) -> Result<(Directive, usize), FormatError> {
        let mut directive = Directive::default();
        let mut at = 0;
        while let Some(&flag) = text.get(at) {
            match flag {
                b'-' => directive.left = true,
                b'+' => directive.plus = true,
                b' ' => directive.space = true,
                b'#' => directive.alternate = true,
                b'0' => directive.zero = true,
                _ => break,
            }
            at += 1;
        }
        if at > 5 {
            return Err(FormatError::RepeatedFlags);
        }
        let two_digits = |at: &mut usize| {
            let mut value = 0;
            for _ in 0..2 {
                match text.get(*at) {
                    Some(digit @ b'0'..=b'9') => value = value * 10 + usize::from(digit - b'0'),
                    _ => break,
                }
                *at += 1;
            }
            value
        };
        directive.width = two_digits(&mut at);
        if text.get(at) == Some(&b'.') {
            at += 1;
            directive.precision = Some(two_digits(&mut at));
        }
        if text.get(at).is_some_and(u8::is_ascii_digit) {
            return Err(FormatError::TooLong);
        }
        directive.conversion = text.get(at).copied().unwrap_or(0);
        Ok((directive, (at + 1).min(text.len())))
    }

    /// Whether nothing but the conversion letter is given.
    pub fn is_plain(&self) -> bool {
        self.width == 0 && self.precision.is_none() && !(self.plus || self.space || self.alternate)
    }

    /// `%d` and `%i`.
    pub fn write_signed(&self, out: &mut Vec<u8>, number: f64) {
        let value = to_signed(number);
        if self.is_plain() {
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            return;
        }
        let mut buffer = itoa::Buffer::new();
        self.write_integer(
            out,
            self.sign(value < 0),
            buffer.format(value.unsigned_abs()).as_bytes(),
        );
    }

    /// `%u`, `%o`, `%x` and `%X`.
    pub fn write_unsigned(&self, out: &mut Vec<u8>, number: f64) {
        let value = to_unsigned(number);
        let mut digits = [0_u8; 24];
        let mut cursor = &mut digits[..];
        // 22 octal digits are the longest: it always fits.
        let _ = match self.conversion {
            b'o' => write!(cursor, "{value:o}"),
            b'x' => write!(cursor, "{value:x}"),
            b'X' => write!(cursor, "{value:X}"),
            _ => write!(cursor, "{value}"),
        };
        let length = 24 - cursor.len();
        let digits = &digits[..length];
        match self.conversion {
            b'x' if self.alternate && value != 0 => self.write_integer(out, b"0x", digits),
            b'X' if self.alternate && value != 0 => self.write_integer(out, b"0X", digits),
            b'o' if self.alternate && value != 0 && self.precision.unwrap_or(0) <= digits.len() => {
                Directive {
                    precision: Some(digits.len() + 1),
                    ..self.with_octal_padding(digits.len() + 1)
                }
                .write_integer(out, b"", digits);
            }
            b'o' if self.alternate && self.precision == Some(0) => {
                Directive {
                    precision: Some(1),
                    ..*self
                }
                .write_integer(out, b"", b"0");
            }
            _ => self.write_integer(out, b"", digits),
        }
    }

    /// The extra zero of `%#o` is part of the number: zero padding that reaches further still applies.
    fn with_octal_padding(&self, digits: usize) -> Directive {
        let mut directive = *self;
        if self.zero && !self.left && self.precision.is_none() && self.width > digits {
            directive.precision = Some(self.width);
            directive.width = 0;
        }
        directive
    }

    /// `%e`, `%E`, `%f`, `%g` and `%G`.
    pub fn write_float(&self, out: &mut Vec<u8>, number: f64) {
        let sign = self.sign(number.is_sign_negative());
        let upper = self.conversion.is_ascii_uppercase();
        if !number.is_finite() {
            let word: &[u8] = match (number.is_nan(), upper) {
                (true, false) => b"nan",
                (true, true) => b"NAN",
                (false, false) => b"inf",
                (false, true) => b"INF",
            };
            Directive {
                zero: false,
                ..*self
            }
            .write_padded(out, sign, word);
            return;
        }
        let precision = self.precision.unwrap_or(6);
        let mut body = Body {
            bytes: [0; BODY_LIMIT],
            length: 0,
        };
        let letter = if upper { b'E' } else { b'e' };
        match self.conversion {
            b'f' => self.fixed(&mut body, number.abs(), precision),
            b'e' | b'E' => {
                let digits = Digits::of(number.abs(), precision + 1);
                self.scientific(&mut body, digits.as_bytes(), digits.exponent, letter);
            }
            _ => self.general(&mut body, number.abs(), precision.max(1), letter),
        }
        self.write_padded(out, sign, &body.bytes[..body.length]);
    }

    fn fixed(&self, body: &mut Body, number: f64, precision: usize) {
        match fast_fixed(number, precision) {
            Some(value) => {
                let mut buffer = itoa::Buffer::new();
                let digits = buffer.format(value).as_bytes();
                let whole = digits.len().saturating_sub(precision);
                if whole == 0 {
                    body.push(b'0');
                } else {
                    body.extend(&digits[..whole]);
                }
                if precision > 0 {
                    body.push(b'.');
                    for _ in 0..precision - (digits.len() - whole) {
                        body.push(b'0');
                    }
                    body.extend(&digits[whole..]);
                }
            }
            None => {
                // The longest double has 309 digits before the point and at most 99 are asked for behind it.
                let _ = write!(body, "{number:.precision$}");
            }
        }
        if precision == 0 && self.alternate {
            body.push(b'.');
        }
    }

    fn scientific(&self, body: &mut Body, digits: &[u8], exponent: i32, letter: u8) {
        body.push(digits[0]);
        if digits.len() > 1 || self.alternate {
            body.push(b'.');
        }
        body.extend(&digits[1..]);
        write_exponent(exponent, letter, |byte| body.push(byte));
    }

    fn general(&self, body: &mut Body, number: f64, precision: usize, letter: u8) {
        let all = Digits::of(number, precision);
        let mut digits = all.as_bytes();
        if !self.alternate {
            let significant = digits
                .iter()
                .rposition(|&digit| digit != b'0')
                .map_or(1, |last| last + 1);
            digits = &digits[..significant];
        }
        let exponent = all.exponent;
        if exponent < -4 || exponent >= precision as i32 {
            self.scientific(body, digits, exponent, letter);
        } else if exponent < 0 {
            body.extend(b"0.");
            for _ in 0..-exponent - 1 {
                body.push(b'0');
            }
            body.extend(digits);
        } else {
            let whole = exponent as usize + 1;
            for index in 0..whole {
                body.push(digits.get(index).copied().unwrap_or(b'0'));
            }
            if digits.len() > whole || self.alternate {
                body.push(b'.');
                body.extend(digits.get(whole..).unwrap_or(&[]));
            }
        }
    }

    /// `%c`. As in 5.1 the NUL character ends the text that printf made, its padding included.
    pub fn write_character(&self, out: &mut Vec<u8>, number: f64) {
        let byte = to_signed(number) as u8;
        let padded = self.width.saturating_sub(1);
        if !self.left {
            out.resize(out.len() + padded, b' ');
        }
        if byte != 0 {
            out.push(byte);
            if self.left {
                out.resize(out.len() + padded, b' ');
            }
        }
    }

    /// `%s`. As in 5.1 a text of 100 bytes or more without a precision is taken whole; any other ends at its first
    /// NUL.
    pub fn write_string(&self, out: &mut Vec<u8>, text: &[u8]) {
        if self.precision.is_none() && text.len() >= 100 {
            out.extend_from_slice(text);
            return;
        }
        let shown = text.len().min(self.precision.unwrap_or(usize::MAX));
        let text = match memchr::memchr(0, &text[..shown]) {
            Some(end) => &text[..end],
            None => &text[..shown],
        };
        let padding = self.width.saturating_sub(text.len());
        if !self.left {
            out.resize(out.len() + padding, b' ');
        }
        out.extend_from_slice(text);
        if self.left {
            out.resize(out.len() + padding, b' ');
        }
    }

    fn sign(&self, negative: bool) -> &'static [u8] {
        match (negative, self.plus, self.space) {
            (true, _, _) => b"-",
            (false, true, _) => b"+",
            (false, false, true) => b" ",
            (false, false, false) => b"",
        }
    }

    fn write_integer(&self, out: &mut Vec<u8>, prefix: &[u8], digits: &[u8]) {
        let Some(precision) = self.precision else {
            self.write_padded(out, prefix, digits);
            return;
        };
        let digits = if precision == 0 && digits == b"0" {
            b""
        } else {
            digits
        };
        let zeros = precision.saturating_sub(digits.len());
        let padding = self
            .width
            .saturating_sub(prefix.len() + zeros + digits.len());
        if !self.left {
            out.resize(out.len() + padding, b' ');
        }
        out.extend_from_slice(prefix);
        out.resize(out.len() + zeros, b'0');
        out.extend_from_slice(digits);
        if self.left {
            out.resize(out.len() + padding, b' ');
        }
    }

    fn write_padded(&self, out: &mut Vec<u8>, prefix: &[u8], body: &[u8]) {
        let padding = self.width.saturating_sub(prefix.len() + body.len());
        if !self.left && !self.zero {
            out.resize(out.len() + padding, b' ');
        }
        out.extend_from_slice(prefix);
        if !self.left && self.zero {
            out.resize(out.len() + padding, b'0');
        }
        out.extend_from_slice(body);
        if self.left {
            out.resize(out.len() + padding, b' ');
        }
    }
}

/// Room for 309 digits, a point and 99 decimals.
const BODY_LIMIT: usize = 416;

/// A number's digits in place.
struct Body {
    bytes: [u8; BODY_LIMIT],
    length: usize,
}

impl Body {
    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    fn extend(&mut self, text: &[u8]) {
        self.bytes[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
    }
}

impl Write for Body {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.extend(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// C's cast from double to a 64-bit integer on x86-64: what does not fit becomes the smallest integer.
pub fn to_signed(number: f64) -> i64 {
    if (-9223372036854775808.0..9223372036854775808.0).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}

/// C's cast from double to an unsigned 64-bit integer on x86-64: negative numbers wrap around, too large ones give 0.
pub fn to_unsigned(number: f64) -> u64 {
    if number >= 9223372036854775808.0 {
        (to_signed(number - 9223372036854775808.0) as u64) ^ (1 << 63)
    } else {
        to_signed(number) as u64
    }
}

/// Appends `text` as `%q` shows it: between quotes, so that Lua reads it back.
pub fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' | b'\n' => out.extend_from_slice(&[b'\\', byte]),
            b'\r' => out.extend_from_slice(b"\\r"),
            0 => out.extend_from_slice(b"\\000"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(format: &str, number: f64) -> String {
        let (directive, length) = Directive::parse(&format.as_bytes()[1..]).unwrap();
        let mut out = Vec::new();
        match directive.conversion {
            b'd' | b'i' => directive.write_signed(&mut out, number),
            b'u' | b'o' | b'x' | b'X' => directive.write_unsigned(&mut out, number),
            b'c' => directive.write_character(&mut out, number),
            _ => directive.write_float(&mut out, number),
        }
        out.extend_from_slice(&format.as_bytes()[1 + length..]);
        String::from_utf8(out).unwrap()
    }

    /// `format<TAB>number<TAB>result` lines, printed by lua5.1.
    #[test]
    fn numbers_agree_with_the_recorded_output_of_lua() {
        let mut cases = 0;
        for line in include_str!("../tests/recorded/format_numbers.txt").lines() {
            let mut columns = line.split('\t');
            let (format, number, expected) = (
                columns.next().unwrap(),
                columns.next().unwrap(),
                columns.next().unwrap(),
            );
            let number = crate::number::parse(number.as_bytes()).unwrap();
            assert_eq!(
                render(format, number),
                expected.trim_matches('"'),
                "{format} of {number}"
            );
            cases += 1;
        }
        assert!(cases > 900);
    }

    #[test]
    fn strings_end_at_a_nul_unless_long() {
        let directive = |text: &str| Directive::parse(text.as_bytes()).unwrap().0;
        let shown = |format: &str, text: &[u8]| {
            let mut out = Vec::new();
            directive(format).write_string(&mut out, text);
            out
        };
        assert_eq!(shown("5s", b"a\0b"), b"    a");
        assert_eq!(shown("-5s", b"abc"), b"abc  ");
        assert_eq!(shown("10.3s", b"abcdef"), b"       abc");
        assert_eq!(shown(".s", b"abc"), b"");
        let long = b"x\0y".repeat(40);
        assert_eq!(shown("5s", &long), long);
        assert_eq!(shown(".2s", &long), b"x");
    }

    #[test]
    fn directives_have_limits() {
        assert_eq!(
            Directive::parse(b"-+ #0-5d"),
            Err(FormatError::RepeatedFlags)
        );
        assert_eq!(Directive::parse(b"123d"), Err(FormatError::TooLong));
        assert_eq!(Directive::parse(b".123d"), Err(FormatError::TooLong));
        assert_eq!(Directive::parse(b"--5d").unwrap().1, 4);
        assert_eq!(
            Directive::parse(b"5").unwrap(),
            (
                Directive {
                    width: 5,
                    ..Directive::default()
                },
                1
            )
        );
    }

    #[test]
    fn quoting_reads_back() {
        let mut out = Vec::new();
        write_quoted(&mut out, b"a\nb\r\"\\\x001");
        assert_eq!(out, b"\"a\\\nb\\r\\\"\\\\\\0001\"");
    }
}
