//! Incremental parser of client requests: RESP arrays of bulk strings ("multibulk") and inline
//! commands.
//!
//! The parser never copies an argument. It is called with the bytes of the query buffer that begin at
//! the current request, remembers how far it has understood them, and yields [`Span`]s into them once
//! the request is complete. Bytes seen once are not looked at again, so a request that arrives in
//! many pieces costs no more than one that arrives whole.
//!
//! All offsets are relative to the start of the request, so the owner of the buffer may drop what was
//! consumed before it, or move the buffer, between two calls.

use std::ops::Index;

use memchr::memchr2;

pub use crate::words::{needs_quotes, quote, split_line};

/// Longest inline request, and longest line with a count or length, in bytes.
pub const INLINE_MAX: usize = 64 * 1024;
/// Most arguments a connection may send in one request before it has authenticated.
const UNAUTHENTICATED_MAX_ARGS: i64 = 10;
/// Longest argument in bytes a connection may send before it has authenticated.
const UNAUTHENTICATED_MAX_BULK: i64 = 16 * 1024;
/// Room made for arguments on the word of the client alone, before any of them has arrived.
const ARGS_RESERVED_UNSEEN: usize = 64;
/// Capacity for argument spans kept between requests; a larger list is given back.
const ARGS_KEPT: usize = 1024;

/// A range of bytes, relative to the start of the request it was parsed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes of this span in the buffer it was parsed from.
    #[inline]
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start..self.end]
    }

    /// Length in bytes.
    #[inline]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the argument is the empty string.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// The limits a request is held to; they may change from one call to the next.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `proto-max-bulk-len`: longest argument in bytes.
    pub max_bulk_len: u64,
    /// False while the connection must still authenticate, which allows only small requests.
    pub authenticated: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bulk_len: 512 * 1024 * 1024,
            authenticated: true,
        }
    }
}

/// What a call of [`RequestParser::parse`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parse {
    /// More bytes are needed. Nothing is consumed.
    Incomplete,
    /// A request without arguments (an empty line, `*0`, a negative count) of this many bytes. It gets
    /// no reply.
    Empty(usize),
    /// A request with at least one argument, of this many bytes in all.
    Request(usize),
}

/// A violation of the protocol. The connection is closed after the reply is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The count after `*` is no integer or beyond 2^31-1.
    #[error("invalid multibulk length")]
    InvalidMultibulkLength,
    /// More than 10 arguments before authentication.
    #[error("unauthenticated multibulk length")]
    UnauthenticatedMultibulkLength,
    /// The length after `$` is no integer, negative, or above the limit.
    #[error("invalid bulk length")]
    InvalidBulkLength,
    /// An argument of more than 16 KB before authentication.
    #[error("unauthenticated bulk length")]
    UnauthenticatedBulkLength,
    /// Something else than `$` where an argument had to start.
    #[error("expected '$', got '{}'", char::from(*.0))]
    ExpectedDollar(u8),
    /// A quote that is not closed, or not followed by a blank, in an inline request.
    #[error("unbalanced quotes in request")]
    UnbalancedQuotes,
    /// An inline request of more than [`INLINE_MAX`] bytes.
    #[error("too big inline request")]
    InlineTooBig,
    /// A line with a count of more than [`INLINE_MAX`] bytes.
    #[error("too big mbulk count string")]
    MultibulkCountTooBig,
    /// A line with a length of more than [`INLINE_MAX`] bytes.
    #[error("too big bulk count string")]
    BulkCountTooBig,
}

impl ProtocolError {
    /// The error reply's text, with its code: `ERR Protocol error: …`. It may hold any byte, CR and LF
    /// too, which the writer replaces.
    pub fn reply(&self) -> Vec<u8> {
        let mut text = b"ERR Protocol error: ".to_vec();
        match self {
            // The offending byte goes out as it came, not as UTF-8.
            ProtocolError::ExpectedDollar(byte) => {
                text.extend_from_slice(b"expected '$', got '");
                text.extend_from_slice(&[*byte, b'\'']);
            }
            other => text.extend_from_slice(other.to_string().as_bytes()),
        }
        text
    }
}

/// The arguments of a complete request: a view of the spans over the query buffer.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    buffer: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Request<'a> {
    /// A view of `spans` over the `buffer` they were parsed from.
    pub fn new(buffer: &'a [u8], spans: &'a [Span]) -> Self {
        Request { buffer, spans }
    }

    /// Number of arguments, the command's name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no argument at all.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The argument at `index`; the command's name is at 0.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| span.of(self.buffer))
    }

    /// All arguments in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + 'a {
        let buffer = self.buffer;
        self.spans.iter().map(move |span| span.of(buffer))
    }

    /// The arguments from `from` on, empty if there are none.
    pub fn skip(&self, from: usize) -> Request<'a> {
        Request {
            buffer: self.buffer,
            spans: self.spans.get(from..).unwrap_or(&[]),
        }
    }
}

impl Index<usize> for Request<'_> {
    type Output = [u8];

    #[inline]
    fn index(&self, index: usize) -> &[u8] {
        self.spans[index].of(self.buffer)
    }
}

/// A request that has arrived whole and whose counts and lengths have at most [`DIGITS_NEAR`] digits, as nearly all
/// have: its length in bytes, and its arguments' spans, which are added to `spans`. `None` for everything else, also for
/// what breaks the protocol; `spans` may hold arguments of it then.
///
/// Nothing is remembered, so requests that wait behind the current one can be looked at ahead of their time.
#[inline]
pub fn whole_request(buffer: &[u8], spans: &mut Vec<Span>) -> Option<usize> {
    let (count, mut position) = near_line(buffer, 0, b'*')?;
    if count == 0 {
        return None;
    }
    for _ in 0..count {
        let (length, start) = near_line(buffer, position, b'$')?;
        let end = start + length;
        position = end + 2;
        if position > buffer.len() {
            return None;
        }
        spans.push(Span { start, end });
    }
    Some(position)
}

/// Digits of a number that is read without a search for the end of its line, and the largest such number.
const DIGITS_NEAR: usize = 3;
const NEAR_MAX: u64 = 999;

/// The number in a line `<kind><digits>CR LF` and the offset after it, if it is written as it must be.
#[inline]
fn near_line(buffer: &[u8], at: usize, kind: u8) -> Option<(usize, usize)> {
    // The shortest argument, `$0` and two line ends, is as long as the longest line here: a request that is whole has
    // these bytes.
    let line = buffer.get(at..)?.first_chunk::<{ DIGITS_NEAR + 3 }>()?;
    let digit = |place: usize| usize::from(line[place].wrapping_sub(b'0'));
    let ends = |place: usize| line[place] == b'\r' && line[place + 1] == b'\n';
    if line[0] != kind || digit(1) > 9 {
        return None;
    }
    if ends(2) {
        return Some((digit(1), at + 4));
    }
    if digit(1) == 0 || digit(2) > 9 {
        return None;
    }
    if ends(3) {
        return Some((digit(1) * 10 + digit(2), at + 5));
    }
    if digit(3) > 9 || !ends(4) {
        return None;
    }
    Some((digit(1) * 100 + digit(2) * 10 + digit(3), at + 6))
}

/// Where the parser stands within the current request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte, which tells the form.
    Start,
    /// In the line of an inline request.
    Inline,
    /// In the line `*<count>`.
    Count,
    /// In the line `$<length>` of the next argument.
    Length,
    /// In the bytes of an argument of this length.
    Bulk(usize),
}

/// Parses the requests of one connection. See the module's description.
#[derive(Debug)]
pub struct RequestParser {
    state: State,
    /// Offset of the first byte not yet understood.
    position: usize,
    /// Bytes after `position` already searched for the end of the line.
    searched: usize,
    /// Arguments of the request still to come.
    missing: usize,
    spans: Vec<Span>,
}

impl Default for RequestParser {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestParser {
    /// A parser at the start of a request.
    pub fn new() -> Self {
        RequestParser {
            state: State::Start,
            position: 0,
            searched: 0,
            missing: 0,
            spans: Vec::new(),
        }
    }

    /// The spans of the last complete request, or those found so far in an unfinished one.
    #[inline]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The last complete request as a view over `buffer`, the slice it was parsed from.
    #[inline]
    pub fn request<'a>(&'a self, buffer: &'a [u8]) -> Request<'a> {
        Request {
            buffer,
            spans: &self.spans,
        }
    }

    /// How many bytes from the start of the request are needed at least before the parser can get on: a
    /// hint for how much room to make when a large argument is on its way.
    pub fn needed(&self) -> usize {
        match self.state {
            State::Bulk(length) => self.position.saturating_add(length).saturating_add(2),
            _ => self.position + self.searched + 1,
        }
    }

    /// Whether the parser is in the middle of a request.
    pub fn is_partial(&self) -> bool {
        self.state != State::Start
    }

    /// Parses on. `buffer` begins at the first byte of the current request and holds all bytes received
    /// since; it must begin with the bytes of the call before if that one returned
    /// [`Parse::Incomplete`]. After [`Parse::Empty`] or [`Parse::Request`] the caller passes what follows
    /// the consumed bytes. The spans stay valid until the next call.
    ///
    /// The buffer is mutable because quotes and escapes of an inline request are resolved in place.
    ///
    /// # Errors
    /// A [`ProtocolError`] ends the connection: the parser must not be used on.
    #[inline]
    pub fn parse(&mut self, buffer: &mut [u8], limits: &Limits) -> Result<Parse, ProtocolError> {
        if self.state == State::Start {
            let Some(&first) = buffer.first() else {
                return Ok(Parse::Incomplete);
            };
            self.spans.clear();
            if self.spans.capacity() > ARGS_KEPT {
                self.spans.shrink_to(ARGS_KEPT);
            }
            self.position = 0;
            self.searched = 0;
            if limits.authenticated && limits.max_bulk_len >= NEAR_MAX {
                if let Some(consumed) = whole_request(buffer, &mut self.spans) {
                    return Ok(Parse::Request(consumed));
                }
                self.spans.clear();
            }
            self.state = if first == b'*' {
                State::Count
            } else {
                State::Inline
            };
        }
        if self.state == State::Inline {
            self.inline(buffer)
        } else {
            self.multibulk(buffer, limits)
        }
    }

    /// Ends the request after `consumed` bytes.
    #[inline]
    fn finish(&mut self, consumed: usize) -> Parse {
        self.state = State::Start;
        if self.spans.is_empty() {
            Parse::Empty(consumed)
        } else {
            Parse::Request(consumed)
        }
    }

    fn inline(&mut self, buffer: &mut [u8]) -> Result<Parse, ProtocolError> {
        // A NUL hides the rest of the line: such a request never ends and runs into the limit.
        let found = memchr2(b'\n', 0, &buffer[self.searched..]).map(|at| self.searched + at);
        let newline = match found {
            Some(at) if buffer[at] == b'\n' => at,
            other => {
                if buffer.len() > INLINE_MAX {
                    return Err(ProtocolError::InlineTooBig);
                }
                self.searched = other.unwrap_or(buffer.len());
                return Ok(Parse::Incomplete);
            }
        };
        let end = if newline > 0 && buffer[newline - 1] == b'\r' {
            newline - 1
        } else {
            newline
        };
        split_line(&mut buffer[..end], &mut self.spans).ok_or(ProtocolError::UnbalancedQuotes)?;
        Ok(self.finish(newline + 1))
    }

    #[inline]
    fn multibulk(&mut self, buffer: &[u8], limits: &Limits) -> Result<Parse, ProtocolError> {
        if self.state == State::Count {
            let Some(line) = self
                .line(buffer)
                .map_err(|TooBig| ProtocolError::MultibulkCountTooBig)?
            else {
                return Ok(Parse::Incomplete);
            };
            let count = integer(&buffer[1..line.end])
                .filter(|&count| count <= i64::from(i32::MAX))
                .ok_or(ProtocolError::InvalidMultibulkLength)?;
            if count > UNAUTHENTICATED_MAX_ARGS && !limits.authenticated {
                return Err(ProtocolError::UnauthenticatedMultibulkLength);
            }
            self.position = line.next;
            let Some(count) = usize::try_from(count).ok().filter(|&count| count > 0) else {
                return Ok(self.finish(line.next));
            };
            self.spans.reserve(count.min(ARGS_RESERVED_UNSEEN));
            self.missing = count;
            self.state = State::Length;
        }
        while self.missing > 0 {
            let length = match self.state {
                State::Bulk(length) => length,
                _ => {
                    let Some(line) = self
                        .line(buffer)
                        .map_err(|TooBig| ProtocolError::BulkCountTooBig)?
                    else {
                        return Ok(Parse::Incomplete);
                    };
                    let first = buffer[self.position];
                    if first != b'$' {
                        return Err(ProtocolError::ExpectedDollar(first));
                    }
                    let length = integer(&buffer[self.position + 1..line.end])
                        .filter(|&length| {
                            u64::try_from(length).is_ok_and(|n| n <= limits.max_bulk_len)
                        })
                        .ok_or(ProtocolError::InvalidBulkLength)?;
                    if length > UNAUTHENTICATED_MAX_BULK && !limits.authenticated {
                        return Err(ProtocolError::UnauthenticatedBulkLength);
                    }
                    self.position = line.next;
                    usize::try_from(length).map_err(|_| ProtocolError::InvalidBulkLength)?
                }
            };
            // What stands in the two bytes after an argument is not checked.
            let end = self
                .position
                .checked_add(length)
                .ok_or(ProtocolError::InvalidBulkLength)?;
            if buffer.len() < end || buffer.len() - end < 2 {
                self.state = State::Bulk(length);
                return Ok(Parse::Incomplete);
            }
            self.spans.push(Span {
                start: self.position,
                end,
            });
            self.position = end + 2;
            self.missing -= 1;
            self.state = State::Length;
        }
        Ok(self.finish(self.position))
    }

    /// The end of the line at `position`: its CR and one byte, whatever it is, after it.
    #[inline]
    fn line(&mut self, buffer: &[u8]) -> Result<Option<Line>, TooBig> {
        let from = self.position + self.searched;
        let rest = buffer.get(from..).unwrap_or(&[]);
        match carriage_return(rest) {
            Some(at) if from + at + 1 < buffer.len() => {
                self.searched = 0;
                Ok(Some(Line {
                    end: from + at,
                    next: from + at + 2,
                }))
            }
            Some(at) => {
                self.searched += at;
                Ok(None)
            }
            None => {
                if buffer.len().saturating_sub(self.position) > INLINE_MAX {
                    return Err(TooBig);
                }
                // A NUL hides the rest of the line, as in an inline request.
                self.searched += memchr::memchr(0, rest).unwrap_or(rest.len());
                Ok(None)
            }
        }
    }
}

struct Line {
    /// Offset of the CR.
    end: usize,
    /// Offset after CR and LF.
    next: usize,
}

/// A line that does not end within [`INLINE_MAX`] bytes.
struct TooBig;

/// Offset of the first CR that no NUL comes before. Lines are nearly always a few bytes long, too short
/// for a vectorised search to pay off.
#[inline]
fn carriage_return(bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 8;
    for (at, &byte) in bytes.iter().take(NEAR).enumerate() {
        match byte {
            b'\r' => return Some(at),
            0 => return None,
            _ => {}
        }
    }
    let far = bytes.get(NEAR..)?;
    memchr2(b'\r', 0, far)
        .filter(|&at| far[at] == b'\r')
        .map(|at| at + NEAR)
}

/// Reads a decimal integer in its one canonical form: no sign `+`, no blanks, no leading zeros.
#[inline]
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [] => return None,
        [b'0'] if !negative => return Some(0),
        [b'0', ..] => return None,
        _ => {}
    }
    let mut value: i64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let digit = i64::from(digit - b'0');
        // Negative accumulation reaches i64::MIN, which has no positive counterpart.
        value = value.checked_mul(10)?.checked_sub(digit)?;
    }
    if negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
