//! Connections that go from one worker to another.
//!
//! Only a connection at rest goes: nothing received that is not served, nothing to send, and a session that says it may.
//! First its new place is known, then its socket goes as mail. What is sent to the old place is passed on; what comes to
//! the new place before the socket waits for it there. So no mail is lost; but some may overtake other, so that nobody
//! may move to whom the order of mail matters (subscribers, for one).

use std::sync::atomic::Ordering;

use super::connection::{Address, Connection};
use super::hub::{Mail, MovedConnection};
use super::service::Service;
use super::worker::Worker;

/// The slot of a connection that has not arrived yet.
const ON_ITS_WAY: u32 = u32::MAX;

impl<S: Service> Worker<S> {
    /// Gives up to `count` connections that are at rest to worker `to`.
    pub(super) fn give(&mut self, count: usize, to: usize) {
        if to == self.links.index || to >= self.links.hub.workers() {
            return;
        }
        let slots: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, connection)| {
                connection.is_at_rest() && self.service.may_move(&connection.session)
            })
            .map(|(slot, _)| slot)
            .take(count)
            .collect();
        slots.into_iter().for_each(|slot| self.send_off(slot, to));
    }

    fn send_off(&mut self, slot: usize, to: usize) {
        let mut connection = self.connections.remove(slot);
        self.poller.remove(&mut connection.stream);
        let place = Address {
            id: connection.id(),
            worker: u16::try_from(to).unwrap_or(u16::MAX),
            slot: ON_ITS_WAY,
        };
        let hub = &self.links.hub;
        hub.count(to).fetch_add(1, Ordering::Relaxed);
        hub.count(self.links.index).fetch_sub(1, Ordering::Relaxed);
        let moved = MovedConnection {
            id: place.id,
            last_input: connection.last_input,
            opened: connection.opened(),
            stream: connection.stream,
        };
        self.service.on_leave(connection.session, place);
        hub.send(to, Mail::Moved(moved));
    }

    /// Goes on with a connection that another worker gave.
    pub(super) fn arrive(&mut self, moved: MovedConnection) {
        let MovedConnection {
            mut stream,
            id,
            last_input,
            opened,
        } = moved;
        let slot = self.connections.vacant_key();
        let place = self.address(id, slot);
        let Some(session) = self.service.on_arrive(place) else {
            return;
        };
        let watched = self.poller.add(&mut stream, slot);
        let mut connection = Connection::new(stream, place, session, opened);
        connection.last_input = last_input;
        if let Err(error) = watched {
            self.links
                .log
                .warning(format_args!("Cannot watch a client connection: {error}"));
            connection.close_now();
        }
        self.connections.insert(connection);
        self.after(slot);
        let (early, others) = std::mem::take(&mut self.early)
            .into_iter()
            .partition(|letter| letter.addressee().is_some_and(|to| to.id == id));
        self.early = others;
        self.links.own.extend(early);
    }

    /// Passes mail on whose connection is not at the place it was sent to; gives it back if there is no such connection.
    pub(super) fn pass_on(
        &mut self,
        address: Address,
        letter: Mail<S::Mail>,
    ) -> Option<Mail<S::Mail>> {
        let Some(place) = self.service.place_of(address.id) else {
            return Some(letter);
        };
        if usize::from(place.worker) != self.links.index {
            self.links.hub.send_to(place, letter.readdressed(place));
        } else if place.slot == ON_ITS_WAY {
            self.early.push(letter);
        } else {
            return Some(letter.readdressed(place));
        }
        None
    }
}
