//! A connection: its socket, its buffers, its parser and the service's session.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Instant;

use resp::RequestParser;

use super::buffer::QueryBuffer;
use super::stream::Stream;

/// Sent bytes at the front of an output buffer are dropped once there are so many.
const SENT_KEPT: usize = 1024 * 1024;
/// Unsent output at which a service should let go of a connection and go on in the next turn
/// ([`Connection::run_again`]), so that the output is written before more is made.
pub const OUTPUT_BATCH: usize = 1024 * 1024;

/// Names a connection from any thread. A connection that has taken the slot of a closed one has another
/// id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// The client's id, unique for the life of the server, from 1 on.
    pub id: u64,
    /// The worker that serves it.
    pub worker: u16,
    /// Its place there.
    pub slot: u32,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closing {
    /// It does not.
    Open,
    /// When its output is sent. Input is ignored.
    AfterOutput,
    /// At the end of this turn. Output is thrown away.
    Now,
}

/// One client's connection, owned by one worker.
///
/// The fields are public so that a service can borrow them apart: the request from `query` and `parser`,
/// the reply into `out`, the state in `session`.
#[derive(Debug)]
pub struct Connection<S> {
    /// Received bytes.
    pub query: QueryBuffer,
    /// The parser of `query`.
    pub parser: RequestParser,
    /// Replies to send: append to it. Its front may be sent already.
    pub out: Vec<u8>,
    /// The service's state.
    pub session: S,
    address: Address,
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
    opened: Instant,
    pub(super) stream: Stream,
    /// Bytes at the front of `out` that are sent.
    pub(super) sent: usize,
    pub(super) last_input: Instant,
    pub(super) over_soft_limit: Option<Instant>,
    pub(super) closing: Closing,
    /// In the worker's list of connections to write.
    pub(super) dirty: bool,
    /// In the worker's list of connections to run again.
    pub(super) queued: bool,
    /// Set by the service to run again.
    pub(super) again: bool,
    /// The socket may have more to read.
    pub(super) unread_input: bool,
    /// The system has reported the end of the input, which may still have bytes before it.
    pub(super) ended: bool,
    /// The socket took less than it was given; it is written when it reports room.
    pub(super) blocked: bool,
}

impl<S> Connection<S> {
    pub(super) fn new(stream: Stream, address: Address, session: S, now: Instant) -> Self {
        Connection {
            query: QueryBuffer::default(),
            parser: RequestParser::new(),
            out: Vec::new(),
            session,
            address,
            peer: stream.peer(),
            local: stream.local(),
            opened: now,
            stream,
            sent: 0,
            last_input: now,
            over_soft_limit: None,
            closing: Closing::Open,
            dirty: false,
            queued: false,
            again: false,
            unread_input: false,
            ended: false,
            blocked: false,
        }
    }

    /// Its name for other threads.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The client's id.
    pub fn id(&self) -> u64 {
        self.address.id
    }

    /// The other side's address; `None` for a Unix socket.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// This side's address; `None` for a Unix socket.
    pub fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Whether the client is on this machine.
    pub fn is_local(&self) -> bool {
        self.peer
            .is_none_or(|peer| peer.ip().to_canonical().is_loopback())
    }

    /// The descriptor's number, for CLIENT LIST.
    pub fn descriptor(&self) -> i32 {
        self.stream.descriptor()
    }

    /// When it was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// When bytes were last received.
    pub fn last_input(&self) -> Instant {
        self.last_input
    }

    /// Bytes of output that are not yet sent.
    #[inline]
    pub fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Closes the connection once its output is sent. No more input is read.
    pub fn close_after_output(&mut self) {
        self.closing = self.closing.max(Closing::AfterOutput);
    }

    /// Closes the connection at the end of this turn, without sending what is left.
    pub fn close_now(&mut self) {
        self.closing = Closing::Now;
    }

    /// Whether it is going to be closed.
    #[inline]
    pub fn is_closing(&self) -> bool {
        self.closing != Closing::Open
    }

    /// Whether nothing has been received that is not served, and nothing is to be sent.
    pub(super) fn is_at_rest(&self) -> bool {
        let is_listed = self.dirty || self.queued || self.again || self.unread_input;
        let is_over = self.is_closing() || self.ended;
        !is_listed && !is_over && !self.blocked && self.unsent() == 0 && self.query.is_empty()
    }

    /// Asks for another [`Service::on_readable`](super::Service::on_readable) in the next turn, after the
    /// output is written and others were served, even if nothing arrives.
    pub fn run_again(&mut self) {
        self.again = true;
    }

    /// Writes as much output as the socket takes; true if all is sent.
    pub(super) fn write(&mut self) -> io::Result<bool> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked = true;
                    if self.sent >= SENT_KEPT && self.sent >= self.out.len() / 2 {
                        self.out.drain(..self.sent);
                        self.sent = 0;
                    }
                    return Ok(false);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.blocked = false;
        self.sent = 0;
        self.out.clear();
        Ok(true)
    }
}
