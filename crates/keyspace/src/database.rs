//! One database's part in one shard: its keys and the order in which they expire.

use crate::entry::{Entry, NEVER};
use crate::expiry_order::ExpiryOrder;
use crate::table::{Place, Table};

#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) table: Table,
    expiries: ExpiryOrder,
    /// How many keys have an expiry.
    expiring: usize,
}

impl Database {
    pub(crate) fn insert(&mut self, entry: Entry) -> Place {
        let (hash, expire_at) = (entry.hash, entry.expire_at);
        let place = self.table.insert(entry);
        self.note_expiry(hash, NEVER, expire_at);
        place
    }

    pub(crate) fn remove(&mut self, place: Place) -> Entry {
        let entry = self.table.remove(place);
        self.note_expiry(entry.hash, entry.expire_at, NEVER);
        entry
    }

    /// Sets when the entry expires ([`NEVER`] for never).
    pub(crate) fn set_expiry(&mut self, place: Place, expire_at: i64) {
        let entry = self.table.get_mut(place);
        let before = std::mem::replace(&mut entry.expire_at, expire_at);
        let hash = entry.hash;
        self.note_expiry(hash, before, expire_at);
    }

    #[inline]
    fn note_expiry(&mut self, hash: u32, before: i64, after: i64) {
        if before != after {
            self.expiring -= usize::from(before != NEVER);
            self.expiring += usize::from(after != NEVER);
            self.expiries.change(&self.table, hash, before, after);
        }
    }

    /// How many keys have an expiry.
    pub(crate) fn expiring(&self) -> usize {
        self.expiring
    }

    /// How many items keep the expiries in order.
    #[cfg(test)]
    pub(crate) fn expiry_items(&self) -> usize {
        self.expiries.len()
    }

    /// Bytes that keeping the expiries in order takes, by and large: nodes of a B-tree are three quarters full.
    pub(crate) fn expiry_bytes(&self) -> usize {
        self.expiries.len() * size_of::<(i64, u32)>() * 4 / 3
    }

    /// The sum of the remaining times of up to `sample` keys, with their number.
    pub(crate) fn ttl_sample(&self, now_ms: i64, sample: usize) -> (i64, usize) {
        let mut sum = 0i64;
        let mut count = 0;
        for hash in self.expiries.first_hashes(sample) {
            if let Some((_, entry)) = self.table.with_hash(hash).next()
                && entry.expire_at != NEVER
            {
                sum = sum.saturating_add((entry.expire_at - now_ms).max(0));
                count += 1;
            }
        }
        (sum, count)
    }

    /// The place of a key that is due, if one is found in `left` looks, which are taken off.
    pub(crate) fn due(&mut self, now_ms: i64, left: &mut usize) -> Option<Place> {
        self.expiries.due(&self.table, now_ms, left)
    }
}
