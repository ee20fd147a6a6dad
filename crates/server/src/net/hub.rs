//! How threads reach each other's connections and services: one mailbox per worker.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mio::Waker;

use super::balance::Loads;
use super::connection::Address;
use super::listener::Listener;
use super::poller::Poller;
use super::stream::Stream;

/// Something for a worker to do. `M` is the service's own kind of mail.
#[derive(Debug)]
pub enum Mail<M> {
    /// Append these encoded bytes to a connection's output.
    Output(Address, Arc<[u8]>),
    /// Call [`Service::on_resume`](super::Service::on_resume) for a connection.
    Resume(Address),
    /// Call [`Service::on_mail`](super::Service::on_mail) for a connection.
    To(Address, M),
    /// Call [`Service::on_post`](super::Service::on_post).
    Post(M),
    /// Close a connection; with `true`, after its output is sent.
    Close(Address, bool),
    /// A new connection to serve.
    #[doc(hidden)]
    Connection(NewConnection),
    /// A connection that another worker has served so far.
    #[doc(hidden)]
    Moved(MovedConnection),
    /// Give up to so many connections to this worker.
    Give(usize, usize),
    /// Listen on these sockets in place of the TCP sockets so far (worker 0 only). Unix sockets stay.
    Listen(Vec<Listener>),
    /// Stop the worker.
    Stop,
}

/// A connection on its way from the accepting worker to its own.
#[derive(Debug)]
pub struct NewConnection {
    pub(super) stream: Stream,
    pub(super) id: u64,
}

/// A connection at rest on its way from one worker to another. Its session travels apart.
#[derive(Debug)]
pub struct MovedConnection {
    pub(super) stream: Stream,
    pub(super) id: u64,
    pub(super) last_input: Instant,
    pub(super) opened: Instant,
}

impl<M> Mail<M> {
    /// The connection it is for, if it is for one that has been announced.
    pub(super) fn addressee(&self) -> Option<Address> {
        match *self {
            Mail::Output(address, _)
            | Mail::Resume(address)
            | Mail::To(address, _)
            | Mail::Close(address, _) => Some(address),
            Mail::Post(_)
            | Mail::Connection(_)
            | Mail::Moved(_)
            | Mail::Give(..)
            | Mail::Listen(_)
            | Mail::Stop => None,
        }
    }

    /// The same for where the addressee is now.
    pub(super) fn readdressed(self, place: Address) -> Self {
        match self {
            Mail::Output(_, bytes) => Mail::Output(place, bytes),
            Mail::Resume(_) => Mail::Resume(place),
            Mail::To(_, mail) => Mail::To(place, mail),
            Mail::Close(_, after_output) => Mail::Close(place, after_output),
            other => other,
        }
    }
}

#[derive(Debug)]
struct Mailbox<M> {
    mail: Mutex<Vec<Mail<M>>>,
    /// Whether there may be mail, for a look without the lock.
    is_filled: AtomicBool,
    waker: Waker,
    connections: AtomicUsize,
}

/// The mailboxes of all workers, and what is counted over all of them. Shared by all threads.
#[derive(Debug)]
pub struct Hub<M> {
    boxes: Vec<Mailbox<M>>,
    pollers: Mutex<Vec<Option<Poller>>>,
    next_id: AtomicU64,
    pub(super) loads: Loads,
}

/// The worker that accepts connections.
pub(super) const LISTENING: usize = 0;

impl<M> Hub<M> {
    /// A hub for so many workers, at least one.
    ///
    /// # Errors
    /// If the system has no descriptors left.
    pub fn new(workers: usize) -> io::Result<Arc<Self>> {
        let mut boxes = Vec::with_capacity(workers);
        let mut pollers = Vec::with_capacity(workers);
        for _ in 0..workers.clamp(1, usize::from(u16::MAX)) {
            let (poller, waker) = Poller::new()?;
            boxes.push(Mailbox {
                mail: Mutex::new(Vec::new()),
                is_filled: AtomicBool::new(false),
                waker,
                connections: AtomicUsize::new(0),
            });
            pollers.push(Some(poller));
        }
        Ok(Arc::new(Hub {
            boxes,
            pollers: Mutex::new(pollers),
            next_id: AtomicU64::new(1),
            loads: Loads::new(workers.max(1)),
        }))
    }

    /// Number of workers.
    pub fn workers(&self) -> usize {
        self.boxes.len()
    }

    /// Number of open connections.
    pub fn connections(&self) -> usize {
        self.boxes
            .iter()
            .map(|mailbox| mailbox.connections.load(Ordering::Relaxed))
            .sum()
    }

    /// Number of workers that serve connections.
    pub fn active_workers(&self) -> usize {
        let serves = |mailbox: &&Mailbox<M>| mailbox.connections.load(Ordering::Relaxed) > 0;
        self.boxes.iter().filter(serves).count()
    }

    /// A new client id, for a client without a connection too.
    pub fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Puts mail into a worker's box and wakes it if it may be asleep. Mail for a worker that does not
    /// exist is dropped.
    pub fn send(&self, worker: usize, mail: Mail<M>) {
        let Some(mailbox) = self.boxes.get(worker) else {
            return;
        };
        let was_empty = {
            let mut waiting = mailbox.mail.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(mail);
            mailbox.is_filled.store(true, Ordering::Release);
            waiting.len() == 1
        };
        // A box with mail in it has woken its worker already.
        if was_empty {
            // It fails only if the worker is gone.
            let _ = mailbox.waker.wake();
        }
    }

    /// Sends mail to the worker of a connection.
    pub fn send_to(&self, address: Address, mail: Mail<M>) {
        self.send(usize::from(address.worker), mail);
    }

    /// Stops all workers: each finishes its turn, writes what it can, closes its connections and ends. The one that
    /// listens stops listening first and then tells the others, so that who loses a connection finds nobody to connect to.
    pub fn stop(&self) {
        self.send(LISTENING, Mail::Stop);
    }

    /// Stops the workers that do not listen.
    pub(super) fn stop_others(&self) {
        for worker in (0..self.workers()).filter(|&worker| worker != LISTENING) {
            self.send(worker, Mail::Stop);
        }
    }

    pub(super) fn take_poller(&self, worker: usize) -> io::Result<Poller> {
        let mut pollers = self.pollers.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = pollers.get_mut(worker).and_then(Option::take);
        taken.ok_or_else(|| io::Error::other("the worker runs already"))
    }

    /// Takes all mail of a worker into `mail`.
    pub(super) fn collect(&self, worker: usize, mail: &mut Vec<Mail<M>>) {
        let mailbox = &self.boxes[worker];
        if !mailbox.is_filled.load(Ordering::Acquire) {
            return;
        }
        let mut waiting = mailbox.mail.lock().unwrap_or_else(PoisonError::into_inner);
        mailbox.is_filled.store(false, Ordering::Relaxed);
        mail.append(&mut waiting);
    }

    pub(super) fn count(&self, worker: usize) -> &AtomicUsize {
        &self.boxes[worker].connections
    }

    /// The worker with the fewest connections.
    pub(super) fn least_busy(&self) -> usize {
        let count = |worker: &usize| self.boxes[*worker].connections.load(Ordering::Relaxed);
        (0..self.workers()).min_by_key(count).unwrap_or(0)
    }
}
