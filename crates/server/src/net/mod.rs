//! The network: worker threads, each with its own readiness loop over its own connections.
//!
//! ```text
//! worker 0: listeners ──accept──▶ the worker with the fewest connections (through its mailbox)
//! worker n: poll ▶ read what is ready ▶ Service::on_readable ▶ mail ▶ Service::on_turn ▶ write once each
//! ```
//!
//! The layer knows bytes and connections, not commands: a [`Service`], one per worker, parses and
//! executes. It never blocks. What one worker wants of another's connection goes as [`Mail`] through the
//! [`Hub`]; what it wants of its own goes through the same door without a wake-up, after the current
//! callback. The system is touched in three places only ([`poller`], [`stream`], [`listener`]), so that
//! another back end can take the place of mio (see `docs/decisions/0001-event-loop.md`).
//!
//! A connection stays with its worker until that gives it to another one, which it does as load asks for it ([`balance`]);
//! mail that comes to where it was is passed on ([`moving`]).
//!
//! Memory: an idle connection holds no buffer. A worker lends its read buffer to the connection it
//! serves, and keeps it unless half a request is left over; output buffers come from a pool.

mod balance;
pub mod buffer;
pub mod connection;
pub mod hub;
pub mod listener;
mod moving;
mod output;
pub mod poller;
pub mod process;
pub mod service;
pub mod stream;
pub mod timers;
mod worker;

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crate::config::ConfigStore;
use crate::log::Log;

pub use buffer::QueryBuffer;
pub use connection::{Address, Connection};
pub use hub::{Hub, Mail};
pub use listener::{BindError, Listener, TcpHandles};
pub use service::{Context, Service, Wait};
pub use timers::Timers;

/// The running worker threads.
#[derive(Debug)]
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts one thread for each mailbox of `hub`. `service` makes the service of a worker, in the
    /// worker's thread, from its number; worker 0 also accepts connections on `listeners`.
    ///
    /// # Errors
    /// If the system gives no thread or no poller.
    pub fn start<S, F>(
        hub: &Arc<Hub<S::Mail>>,
        config: &Arc<ConfigStore>,
        log: &Arc<Log>,
        listeners: Vec<Listener>,
        service: F,
    ) -> io::Result<Workers>
    where
        S: Service + 'static,
        F: Fn(usize) -> S + Send + Sync + 'static,
    {
        let service = Arc::new(service);
        let mut listeners = Some(listeners);
        let mut threads = Vec::with_capacity(hub.workers());
        for index in 0..hub.workers() {
            let poller = hub.take_poller(index)?;
            let (hub, config, log) = (Arc::clone(hub), Arc::clone(config), Arc::clone(log));
            let service = Arc::clone(&service);
            let listeners = listeners.take().unwrap_or_default();
            let thread = Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || {
                    let _guard = StopOnPanic(Arc::clone(&hub));
                    worker::Worker::new(index, hub, config, log, poller, listeners, service(index))
                        .run();
                })?;
            threads.push(thread);
        }
        Ok(Workers { threads })
    }

    /// Waits until all workers have stopped, which [`Hub::stop`] makes them do. Tells whether none of them
    /// panicked.
    pub fn join(self) -> bool {
        self.threads
            .into_iter()
            .map(JoinHandle::join)
            .fold(true, |fine, end| fine & end.is_ok())
    }
}

/// Stops all workers if this one panics: better no server than one that leaves some clients hanging.
struct StopOnPanic<M>(Arc<Hub<M>>);

impl<M> Drop for StopOnPanic<M> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
            self.0.stop_others();
        }
    }
}

#[cfg(test)]
mod tests;
