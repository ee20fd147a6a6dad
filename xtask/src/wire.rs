//! A client that keeps the raw bytes of every reply, in RESP2 and RESP3.
//!
//! The proof compares what stands on the wire, so this reader is written apart from the server's own protocol crate:
//! the same mistake in both would otherwise prove itself right.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::quoting;

/// The parsed form of one reply. `kind` is the type byte that leads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reply {
    /// A type that ends at its line: `+ - : , # _ (`.
    Line { kind: u8, text: Vec<u8> },
    /// A counted string: `$ = !`; no text is RESP2's null.
    Bulk { kind: u8, text: Option<Vec<u8>> },
    /// A counted list of replies: `* ~ > % |`; no items is RESP2's null array. A map's keys and values alternate.
    Items { kind: u8, items: Option<Vec<Reply>> },
}

/// One reply with the bytes it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The bytes as received.
    pub raw: Vec<u8>,
    /// What they say.
    pub reply: Reply,
}

/// Why no reply could be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The server closed the connection; the bytes that came before.
    #[error("closed after {}", quoting::show_quoted(.0))]
    Closed(Vec<u8>),
    /// Nothing complete came in time; the bytes that came.
    #[error("no reply in time, only {}", quoting::show_quoted(.0))]
    Silent(Vec<u8>),
    /// The bytes are not RESP.
    #[error("not a reply: {}", quoting::show_quoted(.0))]
    Malformed(Vec<u8>),
    /// The socket failed in another way.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A connection to one server.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

enum Parsed {
    Complete(Reply, usize),
    Partial,
    Malformed,
}

impl Connection {
    /// Connects to a server on this machine.
    pub fn open(port: u16) -> Result<Self, WireError> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        match self.stream.write_all(bytes) {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ) =>
            {
                Err(WireError::Closed(Vec::new()))
            }
            other => Ok(other?),
        }
    }

    /// Sends a command as an array of bulk strings.
    pub fn send<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Result<(), WireError> {
        let mut bytes = Vec::new();
        encode(arguments, &mut bytes);
        self.send_raw(&bytes)
    }

    /// Reads the next whole reply.
    pub fn read(&mut self, patience: Duration) -> Result<Frame, WireError> {
        let deadline = Instant::now() + patience;
        loop {
            match parse(&self.received) {
                Parsed::Complete(reply, length) => {
                    let raw = self.received.drain(..length).collect();
                    return Ok(Frame { raw, reply });
                }
                Parsed::Malformed => {
                    return Err(WireError::Malformed(std::mem::take(&mut self.received)));
                }
                Parsed::Partial => self.receive(deadline)?,
            }
        }
    }

    /// Reads until the server closes, and gives every byte that came before.
    pub fn read_to_close(&mut self, patience: Duration) -> Result<Vec<u8>, WireError> {
        let deadline = Instant::now() + patience;
        loop {
            match self.receive(deadline) {
                Ok(()) => {}
                Err(WireError::Closed(bytes)) => return Ok(bytes),
                Err(other) => return Err(other),
            }
        }
    }

    /// Sends a command and reads its reply.
    pub fn call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Result<Frame, WireError> {
        self.send(arguments)?;
        self.read(Duration::from_secs(30))
    }

    fn receive(&mut self, deadline: Instant) -> Result<(), WireError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(WireError::Silent(std::mem::take(&mut self.received)));
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(WireError::Closed(std::mem::take(&mut self.received))),
            Ok(length) => {
                self.received.extend_from_slice(&buffer[..length]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                Err(WireError::Closed(std::mem::take(&mut self.received)))
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err(WireError::Silent(std::mem::take(&mut self.received)))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Appends a command in its wire form to `bytes`.
pub fn encode<A: AsRef<[u8]>>(arguments: &[A], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("*{}\r\n", arguments.len()).as_bytes());
    for argument in arguments {
        let argument = argument.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn parse(bytes: &[u8]) -> Parsed {
    let Some(&kind) = bytes.first() else {
        return Parsed::Partial;
    };
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
        return Parsed::Partial;
    };
    let text = &bytes[1..end];
    let after_line = end + 2;
    let count = || {
        std::str::from_utf8(text)
            .ok()
            .and_then(|digits| digits.parse::<i64>().ok())
    };
    match kind {
        b'+' | b'-' | b':' | b',' | b'#' | b'_' | b'(' => Parsed::Complete(
            Reply::Line {
                kind,
                text: text.to_vec(),
            },
            after_line,
        ),
        b'$' | b'=' | b'!' => match count().map(usize::try_from) {
            None => Parsed::Malformed,
            Some(Err(_)) => Parsed::Complete(Reply::Bulk { kind, text: None }, after_line),
            Some(Ok(length)) => match bytes.get(after_line..after_line + length + 2) {
                None => Parsed::Partial,
                Some(body) if !body.ends_with(b"\r\n") => Parsed::Malformed,
                Some(body) => {
                    let text = Some(body[..length].to_vec());
                    Parsed::Complete(Reply::Bulk { kind, text }, after_line + length + 2)
                }
            },
        },
        b'*' | b'~' | b'>' | b'%' | b'|' => match count().map(usize::try_from) {
            None => Parsed::Malformed,
            Some(Err(_)) => Parsed::Complete(Reply::Items { kind, items: None }, after_line),
            Some(Ok(count)) => parse_items(bytes, kind, count, after_line),
        },
        _ => Parsed::Malformed,
    }
}

fn parse_items(bytes: &[u8], kind: u8, count: usize, mut at: usize) -> Parsed {
    let count = if matches!(kind, b'%' | b'|') {
        count * 2
    } else {
        count
    };
    let mut items = Vec::new();
    for _ in 0..count {
        match parse(&bytes[at..]) {
            Parsed::Complete(item, length) => {
                items.push(item);
                at += length;
            }
            stop => return stop,
        }
    }
    Parsed::Complete(
        Reply::Items {
            kind,
            items: Some(items),
        },
        at,
    )
}

impl Reply {
    /// The text of a line or bulk string.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Line { text, .. } => Some(text),
            Self::Bulk { text, .. } => text.as_deref(),
            Self::Items { .. } => None,
        }
    }

    /// The items of an array, set, map or push.
    pub fn items(&self) -> &[Reply] {
        match self {
            Self::Items {
                items: Some(items), ..
            } => items,
            _ => &[],
        }
    }

    /// Whether this is an error reply.
    pub fn is_error(&self) -> bool {
        matches!(
            self,
            Self::Line { kind: b'-', .. } | Self::Bulk { kind: b'!', .. }
        )
    }

    /// One line that a person can read: the type byte, then the text or the items.
    pub fn show(&self) -> String {
        match self {
            Self::Line { kind, text } => format!("{}{}", char::from(*kind), text.escape_ascii()),
            Self::Bulk { kind, text: None } => format!("{}null", char::from(*kind)),
            Self::Bulk {
                kind: b'$',
                text: Some(text),
            } => quoting::show_quoted(text),
            Self::Bulk {
                kind,
                text: Some(text),
            } => format!("{}{}", char::from(*kind), quoting::show_quoted(text)),
            Self::Items { kind, items: None } => format!("{}null", char::from(*kind)),
            Self::Items {
                kind,
                items: Some(items),
            } => {
                let shown: Vec<_> = items.iter().map(Self::show).collect();
                format!("{}[{}]", char::from(*kind), shown.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> Option<(String, usize)> {
        match parse(bytes) {
            Parsed::Complete(reply, length) => Some((reply.show(), length)),
            _ => None,
        }
    }

    #[test]
    fn every_type_is_read_to_its_end() {
        let bytes = b"*4\r\n:1\r\n$-1\r\n%1\r\n+a\r\n#t\r\n~1\r\n$2\r\n\r\n\r\n+rest";
        assert_eq!(
            shown(bytes),
            Some((
                "*[:1 $null %[+a #t] ~[\"\\r\\n\"]]".to_owned(),
                bytes.len() - 5
            ))
        );
    }

    #[test]
    fn a_cut_reply_is_partial() {
        let bytes = b"*2\r\n$3\r\nabc\r\n:12\r\n";
        for length in 0..bytes.len() {
            assert!(
                matches!(parse(&bytes[..length]), Parsed::Partial),
                "{length} bytes"
            );
        }
        assert!(matches!(parse(b"$3\r\nabcde"), Parsed::Malformed));
    }
}
