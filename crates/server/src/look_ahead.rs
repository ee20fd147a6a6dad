//! Looking ahead in a pipeline: the keys of requests that have arrived, before their turn comes.
//!
//! It is a hint to the processor and nothing else (see [`Keyspace::look_ahead`](keyspace::Keyspace::look_ahead)): every
//! request still takes the road by itself, one after the other.

use commands::keys::{first_counted_key_index, only_key_index};
use keyspace::{Ahead, LOOK_AHEAD_MAX};
use resp::{Span, whole_request};
use smallvec::SmallVec;

use crate::client::Client;
use crate::road::run::Bench;
use crate::server::Server;

/// Batches that are not looked at after one for which it was not worth it: all data are in the caches then, and mostly
/// stay there.
const REST: usize = 64;

/// One event loop's view of what lies ahead.
#[derive(Debug, Default)]
pub(crate) struct LookAhead {
    /// Requests ahead that have been looked at.
    seen: usize,
    /// Batches to come that are not looked at.
    rest: usize,
    spans: Vec<Span>,
}

impl LookAhead {
    /// Another connection's requests follow.
    pub(crate) fn restart(&mut self) {
        self.seen = 0;
    }

    /// The first request in `unread` is next.
    #[inline]
    pub(crate) fn before_request(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        client: &Client,
        unread: &[u8],
    ) {
        if self.seen > 0 {
            self.seen -= 1;
        } else if self.rest > 0 {
            self.rest -= 1;
            self.seen = LOOK_AHEAD_MAX - 1;
        } else if !client.transaction.open {
            self.look(server, bench, client.database, unread);
        }
    }

    fn look(
        &mut self,
        server: &'static Server,
        bench: &mut Bench,
        database: usize,
        mut unread: &[u8],
    ) {
        let mut batch: SmallVec<[Ahead<'_>; LOOK_AHEAD_MAX]> = SmallVec::new();
        let mut requests = 0;
        while requests < LOOK_AHEAD_MAX {
            self.spans.clear();
            let Some(consumed) = whole_request(unread, &mut self.spans) else {
                break;
            };
            // A request alone has nothing to share its waiting with.
            if requests == 0 && consumed == unread.len() {
                return;
            }
            requests += 1;
            // A counted key may be an argument in truth: then what is looked for is not there.
            let key = commands::lookup(self.spans[0].of(unread)).and_then(|command| {
                only_key_index(command).or_else(|| first_counted_key_index(command))
            });
            if let Some(key) = key {
                let word = |index: usize| self.spans.get(index).map(|span| span.of(unread));
                batch.extend(word(key).map(|word_at_key| Ahead {
                    key: word_at_key,
                    words: [1, 2].map(|after| word(key + after).unwrap_or_default()),
                }));
            }
            unread = &unread[consumed..];
        }
        self.seen = requests.saturating_sub(1);
        let pays = batch.len() > 1 && bench.look_ahead(server, database, &batch);
        // The end of what has arrived tells nothing.
        if requests > 1 && !pays {
            self.rest = REST;
        }
    }
}
