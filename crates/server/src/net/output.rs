//! The end of a worker's turn: output is written, limits are kept, connections are closed.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::buffer::READ_SIZE;
use super::connection::Closing;
use super::service::Service;
use super::worker::Worker;

/// How long stopping waits for slow readers.
const LAST_WRITES: Duration = Duration::from_millis(200);

impl<S: Service> Worker<S> {
    /// Writes the output of all connections that have some, once each.
    pub(super) fn write_all(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for slot in dirty.drain(..) {
            self.write(slot);
        }
        // Closing a connection may have made mail, and so more output.
        dirty.append(&mut self.dirty);
        self.dirty = dirty;
        self.read_own_mail();
    }

    fn write(&mut self, slot: usize) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        connection.dirty = false;
        if connection.closing == Closing::Now {
            return self.close(slot);
        }
        let sent = if connection.blocked {
            Ok(false)
        } else {
            let before = connection.unsent();
            let sent = connection.write();
            let left = connection.unsent();
            self.service
                .on_sent(&connection.session, before - left, left);
            sent
        };
        match sent {
            Ok(true) => {
                connection.over_soft_limit = None;
                let out = std::mem::take(&mut connection.out);
                if connection.closing == Closing::AfterOutput {
                    self.close(slot);
                }
                self.keep_output(out);
            }
            Ok(false) => self.check_limits(slot),
            Err(_) => self.close(slot),
        }
    }

    /// Closes a connection with more unsent output than its class may have.
    fn check_limits(&mut self, slot: usize) {
        let connection = &mut self.connections[slot];
        let limit = self
            .links
            .config
            .client_output_buffer_limit
            .of(self.service.class(&connection.session));
        let unsent = connection.unsent() as u64;
        let over_soft = limit.soft > 0 && unsent > limit.soft;
        if !over_soft {
            connection.over_soft_limit = None;
        }
        let since = *connection.over_soft_limit.get_or_insert(self.links.now);
        let soft_time = Duration::from_secs(u64::from(limit.soft_seconds));
        if !over_soft {
            connection.over_soft_limit = None;
        }
        let over = limit.hard > 0 && unsent > limit.hard
            || over_soft && self.links.now.saturating_duration_since(since) > soft_time;
        if over {
            let line = self.service.describe(connection);
            self.links.log.warning(format_args!(
                "Client {line} scheduled to be closed ASAP for overcoming of output buffer limits."
            ));
            self.close(slot);
        }
    }

    fn close(&mut self, slot: usize) {
        let Some(mut connection) = self.connections.try_remove(slot) else {
            return;
        };
        self.poller.remove(&mut connection.stream);
        self.service
            .on_close(&mut connection, &mut self.links.context());
        self.links
            .hub
            .count(self.links.index)
            .fetch_sub(1, Ordering::Relaxed);
        if connection.query.size() == READ_SIZE && self.spare_query.is_none() {
            connection.query.clear();
            self.spare_query = Some(connection.query);
        }
    }

    /// Looks after idle connections, slow readers and listeners that ran out of descriptors.
    pub(super) fn keep_house(&mut self) {
        self.accept_again = !self.listeners.is_empty();
        let timeout = Duration::from_secs(u64::from(self.links.config.timeout));
        let mut slow = Vec::new();
        for (slot, connection) in &mut self.connections {
            if connection.blocked {
                slow.push(slot);
            }
            let idle = self
                .links
                .now
                .saturating_duration_since(connection.last_input);
            if !timeout.is_zero()
                && idle > timeout
                && self.service.may_time_out(&connection.session)
            {
                self.links.log.verbose(format_args!("Closing idle client"));
                connection.close_now();
                if !connection.dirty {
                    connection.dirty = true;
                    self.dirty.push(slot);
                }
            }
        }
        slow.into_iter().for_each(|slot| self.check_limits(slot));
    }

    /// Writes what is left, for a moment, and closes everything.
    pub(super) fn end(&mut self) {
        self.listeners.clear();
        let deadline = Instant::now() + LAST_WRITES;
        self.write_all();
        while self
            .connections
            .iter()
            .any(|(_, connection)| connection.unsent() > 0)
            && Instant::now() < deadline
        {
            self.ready.clear();
            if self
                .poller
                .wait(Some(Duration::from_millis(10)), &mut self.ready)
                .is_err()
            {
                break;
            }
            let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
            for slot in slots {
                self.connections[slot].blocked = false;
                if self.connections[slot].unsent() > 0 {
                    self.write(slot);
                }
            }
        }
        let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.close(slot));
    }
}
