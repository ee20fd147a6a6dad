//! MONITOR: every command, as it runs, to those who asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;

use crate::client::ClientRecord;
use crate::message::Message;
use crate::net::{Hub, Mail};

/// The clients that monitor.
#[derive(Debug)]
pub(crate) struct Monitors {
    /// Their number: the only thing a command looks at when nobody monitors.
    count: AtomicUsize,
    clients: RwLock<Vec<Arc<ClientRecord>>>,
    hub: Arc<Hub<Message>>,
}

impl Monitors {
    pub(crate) fn new(hub: Arc<Hub<Message>>) -> Monitors {
        Monitors {
            count: AtomicUsize::new(0),
            clients: RwLock::default(),
            hub,
        }
    }

    pub(crate) fn add(&self, record: &Arc<ClientRecord>) {
        let mut clients = self.clients.write();
        if !clients.iter().any(|client| client.id == record.id) {
            record.is_monitor.store(true, Ordering::Relaxed);
            clients.push(Arc::clone(record));
            self.count.store(clients.len(), Ordering::Relaxed);
        }
    }

    pub(crate) fn remove(&self, record: &ClientRecord) {
        let mut clients = self.clients.write();
        clients.retain(|client| client.id != record.id);
        record.is_monitor.store(false, Ordering::Relaxed);
        self.count.store(clients.len(), Ordering::Relaxed);
    }

    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) != 0
    }

    /// Shows a command. `source` is the caller's address, or `lua`.
    pub(crate) fn show(
        &self,
        unix_microseconds: i64,
        database: usize,
        source: &str,
        args: &[&[u8]],
    ) {
        let mut line = format!(
            "+{}.{:06} [{database} {source}]",
            unix_microseconds / 1_000_000,
            unix_microseconds % 1_000_000
        )
        .into_bytes();
        for argument in args {
            line.push(b' ');
            resp::parse::quote(argument, &mut line);
        }
        line.extend_from_slice(b"\r\n");
        let line: Arc<[u8]> = line.into();
        for client in self.clients.read().iter() {
            let place = client.place();
            self.hub
                .send_to(place, Mail::Output(place, Arc::clone(&line)));
        }
    }
}
