//! What a worker runs: the seam between the network and the sessions.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::connection::{Address, Connection};
use super::hub::{Hub, Mail};
use crate::config::settings::ClientClass;
use crate::config::{Config, ConfigView};
use crate::log::Log;

/// How long a worker may sleep if nothing arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all: there is work that can go on. Others are served first.
    No,
    /// Until this time at most.
    Until(Instant),
    /// The same: something is to be done that waits for what another worker is doing.
    ForOthers(Instant),
    /// As long as nothing happens.
    Idle,
}

/// The sessions of one worker. All callbacks run in the worker's thread and must not block; each has the
/// connection it is about and a [`Context`] to reach everything else.
pub trait Service {
    /// What services send each other.
    type Mail: Send + 'static;
    /// State kept with each connection.
    type Session;

    /// A connection has been opened: makes its session. To greet or refuse it, send it mail.
    fn on_open(&mut self, opened: &Opened, context: &mut Context<'_, Self::Mail>) -> Self::Session;

    /// Bytes have arrived in `connection.query`, or [`Connection::run_again`] was called: parse and execute
    /// until no request is complete, the session must wait, or [`OUTPUT_BATCH`](super::connection::OUTPUT_BATCH)
    /// is reached. Not called for a connection that is closing.
    fn on_readable(
        &mut self,
        connection: &mut Connection<Self::Session>,
        context: &mut Context<'_, Self::Mail>,
    );

    /// [`Mail::Resume`] has come for this connection.
    fn on_resume(
        &mut self,
        connection: &mut Connection<Self::Session>,
        context: &mut Context<'_, Self::Mail>,
    ) {
        self.on_readable(connection, context);
    }

    /// [`Mail::To`] has come for this connection.
    fn on_mail(
        &mut self,
        connection: &mut Connection<Self::Session>,
        mail: Self::Mail,
        context: &mut Context<'_, Self::Mail>,
    );

    /// Mail for a connection that is gone. By default it is dropped.
    fn on_lost(
        &mut self,
        _address: Address,
        _mail: Self::Mail,
        _context: &mut Context<'_, Self::Mail>,
    ) {
    }

    /// [`Mail::Post`] has come.
    fn on_post(&mut self, mail: Self::Mail, context: &mut Context<'_, Self::Mail>);

    /// A connection is closed, for whatever reason. Its output is sent or thrown away.
    fn on_close(
        &mut self,
        connection: &mut Connection<Self::Session>,
        context: &mut Context<'_, Self::Mail>,
    );

    /// Whether another worker may serve this connection from now on: nothing here refers to it, and it does not depend on
    /// the order in which mail reaches it.
    fn may_move(&self, _session: &Self::Session) -> bool {
        false
    }

    /// A connection moves to another worker, where [`Service::on_arrive`] asks for its session. Mail for it goes to
    /// `place` from now on.
    fn on_leave(&mut self, _session: Self::Session, _place: Address) {}

    /// A connection has come from another worker: its session, now that it is served at `place`.
    fn on_arrive(&mut self, _place: Address) -> Option<Self::Session> {
        None
    }

    /// Where a connection is that has moved on; `None` if it is closed.
    fn place_of(&self, _id: u64) -> Option<Address> {
        None
    }

    /// A connection was turned away, for there are too many.
    fn on_refused(&mut self) {}

    /// This many bytes were read from a connection.
    fn on_received(&mut self, _bytes: usize) {}

    /// This many bytes of a connection's output were written; `unsent` are left.
    fn on_sent(&mut self, _session: &Self::Session, _bytes: usize, _unsent: usize) {}

    /// Once per turn of the loop, after all that was ready and before output is written: go on with work
    /// in slices, look at deadlines. Tells how long the worker may sleep.
    fn on_turn(&mut self, _context: &mut Context<'_, Self::Mail>) -> Wait {
        Wait::Idle
    }

    /// `hz` times a second.
    fn on_cron(&mut self, _context: &mut Context<'_, Self::Mail>) {}

    /// The configuration has changed since the last turn.
    fn on_config(&mut self, _context: &mut Context<'_, Self::Mail>) {}

    /// Right before the output of this turn is written: what must be on disk before clients are told.
    fn before_write(&mut self, _context: &mut Context<'_, Self::Mail>) {}

    /// The class whose output limits hold for this connection.
    fn class(&self, _session: &Self::Session) -> ClientClass {
        ClientClass::Normal
    }

    /// Whether `timeout` disconnects this connection when it is idle.
    fn may_time_out(&self, _session: &Self::Session) -> bool {
        true
    }

    /// A line about the connection for the log, as CLIENT LIST has it.
    fn describe(&self, connection: &Connection<Self::Session>) -> String {
        format!("id={}", connection.id())
    }
}

/// A connection that has just been accepted.
#[derive(Debug)]
pub struct Opened {
    /// Its name.
    pub address: Address,
    /// The other side's address; `None` for a Unix socket.
    pub peer: Option<std::net::SocketAddr>,
    /// This side's address; `None` for a Unix socket.
    pub local: Option<std::net::SocketAddr>,
    /// The descriptor's number.
    pub descriptor: i32,
}

/// What a callback can reach besides its connection.
#[derive(Debug)]
pub struct Context<'a, M> {
    /// The time this turn of the loop began.
    pub now: Instant,
    /// The number of this worker.
    pub worker: usize,
    /// The configuration; it does not change within a turn.
    pub config: &'a ConfigView,
    /// The log.
    pub log: &'a Log,
    /// All workers.
    pub hub: &'a Arc<Hub<M>>,
    pub(super) own: &'a mut VecDeque<Mail<M>>,
}

impl<M> Context<'_, M> {
    /// Sends mail to the worker of a connection. For this very worker it is read after the current
    /// callback, in order, within this turn.
    pub fn send_to(&mut self, address: Address, mail: Mail<M>) {
        self.send(usize::from(address.worker), mail);
    }

    /// Sends mail to a worker, as [`Context::send_to`] does.
    pub fn send(&mut self, worker: usize, mail: Mail<M>) {
        if worker == self.worker {
            self.own.push_back(mail);
        } else {
            self.hub.send(worker, mail);
        }
    }

    /// The current directives.
    pub fn config(&self) -> &Config {
        self.config
    }
}
