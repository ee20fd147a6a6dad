//! The sink that encodes a reply as RESP2 or RESP3 at the end of an output buffer.

use crate::double::write_double;
use crate::reply::{Aggregate, Mark, Protocol, Reply};

/// Bytes an opened aggregate's header gets until its length is known: enough for lengths below 10.
const OPEN_HEADER: usize = 4;

/// Up to so many bytes a plain loop is faster than a search that has to be set up.
const SHORT: usize = 16;

/// Encodes replies into a byte buffer, in the bytes redis-server sends.
///
/// A length that is only known at the end ([`Reply::open`]) may move what was written since by a few
/// bytes when it is filled in.
#[derive(Debug)]
pub struct RespWriter<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
    errors: u32,
}

impl<'a> RespWriter<'a> {
    /// A writer that appends to `out`.
    #[inline]
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        RespWriter {
            out,
            protocol,
            errors: 0,
        }
    }

    /// Errors written so far, at any depth of the reply.
    #[inline]
    pub fn errors(&self) -> u32 {
        self.errors
    }

    /// Appends bytes that are already encoded.
    pub fn raw(&mut self, encoded: &[u8]) {
        self.out.extend_from_slice(encoded);
    }

    /// Changes the protocol, for the reply to `HELLO` itself.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    #[inline]
    fn number_line(&mut self, kind: u8, value: i64) {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(value).as_bytes();
        // One reservation and one copy: the whole line is at most 23 bytes.
        let mut line = [0_u8; 24];
        line[0] = kind;
        line[1..=digits.len()].copy_from_slice(digits);
        line[digits.len() + 1] = b'\r';
        line[digits.len() + 2] = b'\n';
        self.out.extend_from_slice(&line[..digits.len() + 3]);
    }

    #[inline]
    fn length_line(&mut self, kind: u8, len: usize) {
        if len < 10 {
            #[expect(clippy::cast_possible_truncation, reason = "below 10")]
            self.out
                .extend_from_slice(&[kind, b'0' + len as u8, b'\r', b'\n']);
        } else {
            self.number_line(kind, i64::try_from(len).unwrap_or(i64::MAX));
        }
    }

    /// A line of free text, in which CR and LF would end the value: they become blanks.
    fn text_line(&mut self, kind: u8, text: &[u8]) {
        self.out.reserve(text.len() + 3);
        self.out.push(kind);
        let from = self.out.len();
        self.out.extend_from_slice(text);
        // Most are a word or two.
        let has_line_end = if text.len() <= SHORT {
            text.iter().any(|byte| matches!(byte, b'\r' | b'\n'))
        } else {
            memchr::memchr2(b'\r', b'\n', text).is_some()
        };
        if has_line_end {
            for byte in &mut self.out[from..] {
                if matches!(byte, b'\r' | b'\n') {
                    *byte = b' ';
                }
            }
        }
        self.out.extend_from_slice(b"\r\n");
    }

    /// The type byte and the number of a header for an aggregate of `len` values or pairs.
    fn header(&self, kind: Aggregate, len: usize) -> (u8, usize) {
        match (self.protocol, kind) {
            (Protocol::Resp2, _) => (b'*', kind.values(len)),
            (Protocol::Resp3, Aggregate::Array) => (b'*', len),
            (Protocol::Resp3, Aggregate::Map) => (b'%', len),
            (Protocol::Resp3, Aggregate::Set) => (b'~', len),
            (Protocol::Resp3, Aggregate::Push) => (b'>', len),
            (Protocol::Resp3, Aggregate::Attribute) => (b'|', len),
        }
    }
}

impl Reply for RespWriter<'_> {
    fn switch_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    #[inline]
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn status_bytes(&mut self, text: &[u8]) {
        match text {
            b"OK" => self.out.extend_from_slice(b"+OK\r\n"),
            b"PONG" => self.out.extend_from_slice(b"+PONG\r\n"),
            _ => self.text_line(b'+', text),
        }
    }

    fn error(&mut self, text: &[u8]) {
        self.errors = self.errors.saturating_add(1);
        // Line ends after the message are dropped, those within it become blanks.
        let end = text
            .iter()
            .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
            .map_or(0, |last| last + 1);
        self.text_line(b'-', &text[..end]);
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        match value {
            0 => self.out.extend_from_slice(b":0\r\n"),
            1 => self.out.extend_from_slice(b":1\r\n"),
            _ => self.number_line(b':', value),
        }
    }

    #[inline]
    fn bulk(&mut self, value: &[u8]) {
        self.out.reserve(value.len() + 26);
        self.length_line(b'$', value.len());
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\r\n");
    }

    #[inline]
    fn null(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n".as_slice(),
            Protocol::Resp3 => b"_\r\n".as_slice(),
        });
    }

    fn null_array(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"*-1\r\n".as_slice(),
            Protocol::Resp3 => b"_\r\n".as_slice(),
        });
    }

    fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(match (self.protocol, value) {
            (Protocol::Resp2, true) => b":1\r\n",
            (Protocol::Resp2, false) => b":0\r\n",
            (Protocol::Resp3, true) => b"#t\r\n",
            (Protocol::Resp3, false) => b"#f\r\n",
        });
    }

    fn double(&mut self, value: f64) {
        match self.protocol {
            Protocol::Resp2 => {
                let mut digits = Vec::with_capacity(25);
                write_double(value, &mut digits);
                self.bulk(&digits);
            }
            Protocol::Resp3 => {
                self.out.push(b',');
                write_double(value, self.out);
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    fn big_number(&mut self, digits: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(digits),
            Protocol::Resp3 => self.text_line(b'(', digits),
        }
    }

    fn verbatim(&mut self, format: &[u8; 3], text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.length_line(b'=', text.len() + 4);
                self.out.extend_from_slice(format);
                self.out.push(b':');
                self.out.extend_from_slice(text);
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    #[inline]
    fn aggregate(&mut self, kind: Aggregate, len: usize) {
        let (byte, number) = self.header(kind, len);
        self.length_line(byte, number);
    }

    fn open(&mut self, kind: Aggregate) -> Mark {
        let position = self.out.len();
        self.out.extend_from_slice(&[0; OPEN_HEADER]);
        Mark { position, kind }
    }

    fn close(&mut self, mark: Mark, len: usize) {
        let (byte, number) = self.header(mark.kind, len);
        let mut header = Vec::with_capacity(24);
        RespWriter::new(&mut header, self.protocol).length_line(byte, number);
        let (from, to) = (mark.position, mark.position + OPEN_HEADER);
        if header.len() == OPEN_HEADER {
            self.out[from..to].copy_from_slice(&header);
        } else {
            self.out.splice(from..to, header);
        }
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
