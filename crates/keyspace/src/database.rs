//! One database's part in one shard: its keys and the order in which they expire.

use std::collections::BTreeSet;

use crate::entry::{Entry, NEVER};
use crate::table::{Place, Table};

#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) table: Table,
    /// Keys with an expiry by (time, hash). Two keys of one hash and one time share an item; the one that is then
    /// left out still expires when it is looked up.
    expiries: BTreeSet<(i64, u32)>,
    /// How many keys have an expiry.
    expiring: usize,
}

impl Database {
    pub(crate) fn insert(&mut self, entry: Entry) -> Place {
        if entry.expire_at != NEVER {
            self.expiries.insert((entry.expire_at, entry.hash));
            self.expiring += 1;
        }
        self.table.insert(entry)
    }

    pub(crate) fn remove(&mut self, place: Place) -> Entry {
        let entry = self.table.remove(place);
        if entry.expire_at != NEVER {
            self.expiries.remove(&(entry.expire_at, entry.hash));
            self.expiring -= 1;
        }
        entry
    }

    /// Sets when the entry expires ([`NEVER`] for never).
    pub(crate) fn set_expiry(&mut self, place: Place, expire_at: i64) {
        let entry = self.table.get_mut(place);
        if entry.expire_at == expire_at {
            return;
        }
        if entry.expire_at != NEVER {
            self.expiries.remove(&(entry.expire_at, entry.hash));
            self.expiring -= 1;
        }
        entry.expire_at = expire_at;
        if expire_at != NEVER {
            self.expiries.insert((expire_at, entry.hash));
            self.expiring += 1;
        }
    }

    /// How many keys have an expiry.
    pub(crate) fn expiring(&self) -> usize {
        self.expiring
    }

    /// Bytes that keeping the expiries in order takes, by and large: nodes of a B-tree are three quarters full.
    pub(crate) fn expiry_bytes(&self) -> usize {
        self.expiries.len() * size_of::<(i64, u32)>() * 4 / 3
    }

    /// The sum of the remaining times of up to `sample` keys, with their number.
    pub(crate) fn ttl_sample(&self, now_ms: i64, sample: usize) -> (i64, usize) {
        let mut sum = 0i64;
        let mut count = 0;
        for &(at, _) in self.expiries.iter().take(sample) {
            sum = sum.saturating_add((at - now_ms).max(0));
            count += 1;
        }
        (sum, count)
    }

    /// The places of a key that is due, if any.
    pub(crate) fn due(&mut self, now_ms: i64) -> Option<Place> {
        while let Some(&(at, hash)) = self.expiries.first() {
            if at > now_ms {
                return None;
            }
            if let Some(place) = self.table.find_by_hash(hash, |entry| entry.expire_at == at) {
                return Some(place);
            }
            // The key that shared this item has gone before.
            self.expiries.pop_first();
        }
        None
    }
}
