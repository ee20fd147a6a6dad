//! Looking ahead in a pipeline: the keys of requests that have arrived, before their turn comes.
//!
//! It is a hint to the processor and nothing else (see [`Keyspace::look_ahead`](keyspace::Keyspace::look_ahead)): every
//! request still takes the road by itself, one after the other.

use commands::keys::only_key_index;
use keyspace::LOOK_AHEAD_MAX;
use resp::{Span, whole_request};
use smallvec::SmallVec;

use crate::client::Client;
use crate::server::Server;

/// One event loop's view of what lies ahead.
#[derive(Debug, Default)]
pub(crate) struct LookAhead {
    /// Whether the keyspace is large enough for it to pay.
    pays: bool,
    /// Requests ahead that have been looked at.
    seen: usize,
    spans: Vec<Span>,
}

impl LookAhead {
    /// Finds out whether looking ahead pays, from time to time.
    pub(crate) fn judge(&mut self, server: &Server, worker: usize) {
        let shard = worker % keyspace::SHARD_COUNT;
        self.pays = server.keyspace.is_large(shard as keyspace::ShardIndex);
    }

    /// Another connection's requests follow.
    pub(crate) fn restart(&mut self) {
        self.seen = 0;
    }

    /// The first request in `unread` is next.
    #[inline]
    pub(crate) fn before_request(&mut self, server: &Server, client: &Client, unread: &[u8]) {
        if !self.pays {
            return;
        }
        if self.seen > 0 {
            self.seen -= 1;
        } else if !client.transaction.open {
            self.look(server, client.database, unread);
        }
    }

    fn look(&mut self, server: &Server, database: usize, mut unread: &[u8]) {
        let mut keys: SmallVec<[&[u8]; LOOK_AHEAD_MAX]> = SmallVec::new();
        let mut requests = 0;
        while requests < LOOK_AHEAD_MAX {
            self.spans.clear();
            let Some(consumed) = whole_request(unread, &mut self.spans) else {
                break;
            };
            requests += 1;
            let key = commands::lookup(self.spans[0].of(unread))
                .and_then(only_key_index)
                .and_then(|index| self.spans.get(index));
            keys.extend(key.map(|span| span.of(unread)));
            unread = &unread[consumed..];
        }
        self.seen = requests.saturating_sub(1);
        // A key alone has nothing to share its waiting with.
        if keys.len() > 1 {
            server.keyspace.look_ahead(database, &keys);
        }
    }
}
