//! The seam to the system's readiness interface: register, wait, wake.
//!
//! Readiness is reported when it changes, not while it lasts: who is told that a socket is readable
//! must read until it would block, or remember that there may be more.

use std::io;
use std::time::Duration;

use mio::event::Source;
use mio::{Events, Interest, Poll, Token, Waker};

use super::listener::Listener;
use super::stream::Stream;

/// Events taken from the system at once.
const EVENTS: usize = 1024;
/// The token of the waker.
const WAKE: Token = Token(usize::MAX);
/// Tokens from here on are listeners.
const LISTENERS: usize = usize::MAX / 2;

/// What has become ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// A connection.
    Connection {
        /// Its slot.
        slot: usize,
        /// There may be something to read.
        readable: bool,
        /// There may be room to write.
        writable: bool,
        /// The other side sends nothing more, or the connection has failed.
        ended: bool,
    },
    /// A listener, by its number.
    Listener(usize),
}

/// One worker's view of the system's readiness interface.
#[derive(Debug)]
pub struct Poller {
    poll: Poll,
    events: Events,
}

impl Poller {
    /// A poller and what wakes it from other threads.
    ///
    /// # Errors
    /// If the system has no descriptors left.
    pub fn new() -> io::Result<(Poller, Waker)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        Ok((
            Poller {
                poll,
                events: Events::with_capacity(EVENTS),
            },
            waker,
        ))
    }

    /// Reports a connection's readiness, both ways, under its slot from now on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn add(&self, stream: &mut Stream, slot: usize) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match stream {
            Stream::Tcp(stream) => self.poll.registry().register(stream, Token(slot), both),
            Stream::Unix(stream) => self.poll.registry().register(stream, Token(slot), both),
        }
    }

    /// Reports a connection no more.
    pub fn remove(&self, stream: &mut Stream) {
        // A socket that the system has already forgotten needs no removal.
        let _ = match stream {
            Stream::Tcp(stream) => self.poll.registry().deregister(stream),
            Stream::Unix(stream) => self.poll.registry().deregister(stream),
        };
    }

    /// Reports connections waiting at a listener under its number from now on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn add_listener(&self, listener: &mut Listener, number: usize) -> io::Result<()> {
        let source: &mut dyn Source = match listener {
            Listener::Tcp(listener) => listener,
            Listener::Unix(listener, _) => listener,
        };
        source.register(
            self.poll.registry(),
            Token(LISTENERS + number),
            Interest::READABLE,
        )
    }

    /// Reports connections at a listener no more.
    pub fn remove_listener(&self, listener: &mut Listener) {
        let source: &mut dyn Source = match listener {
            Listener::Tcp(listener) => listener,
            Listener::Unix(listener, _) => listener,
        };
        // A socket that the system does not know needs no removal.
        let _ = source.deregister(self.poll.registry());
    }

    /// Waits until something is ready, another thread wakes this one, or the time is up (`None` waits
    /// for ever), and puts what is ready into `ready`.
    ///
    /// # Errors
    /// Only if the system fails in a way that cannot be retried.
    pub fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            match event.token() {
                WAKE => {}
                Token(token) if token >= LISTENERS => {
                    ready.push(Ready::Listener(token - LISTENERS))
                }
                Token(slot) => ready.push(Ready::Connection {
                    slot,
                    readable: event.is_readable(),
                    writable: event.is_writable(),
                    ended: event.is_read_closed() || event.is_error(),
                }),
            }
        }
        Ok(())
    }
}
