//! The order in which the keys of one database's part in a shard expire.
//!
//! Every key with an expiry has an item here that is due no later than the key. A key that is given another time mostly is put off (a
//! session or a rate limiter lives longer with each use), and that leaves its item where it is: when the item is due, it is brought to
//! the key's time then. So to put a key off costs nothing but the write to its entry, where taking an item out and in again costs two
//! ways through a tree that is in no cache.
//!
//! What that leaves behind, items of keys that are gone and several of one key, is cleared away by and by: whoever leaves one
//! looks at the next two, so that there never are many more items than keys.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::entry::NEVER;
use crate::table::{Place, Table};

/// A time and the hash of a key. Two keys of one hash and one time share an item; the one that is then left out still expires when
/// it is looked up.
type Item = (i64, u32);

/// Items that are looked at for one that is left behind.
const LOOKS: usize = 2;

#[derive(Debug, Default)]
pub(crate) struct ExpiryOrder {
    items: BTreeSet<Item>,
    /// The item that was looked at last.
    looked: Option<Item>,
}

impl ExpiryOrder {
    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The hashes of up to `count` keys that expire before most others.
    pub(crate) fn first_hashes(&self, count: usize) -> impl Iterator<Item = u32> {
        self.items.iter().take(count).map(|&(_, hash)| hash)
    }

    /// The expiry of a key in `table` has changed; [`NEVER`] stands for none.
    #[inline]
    pub(crate) fn change(&mut self, table: &Table, hash: u32, before: i64, after: i64) {
        if before == NEVER {
            self.items.insert((after, hash));
        } else if after < before || after == NEVER {
            self.bring_forward(table, hash, before, after);
        }
    }

    fn bring_forward(&mut self, table: &Table, hash: u32, before: i64, after: i64) {
        let was_there = self.items.remove(&(before, hash));
        if after != NEVER {
            self.items.insert((after, hash));
        }
        if !was_there {
            self.clear_away(table);
        }
    }

    /// The place of a key in `table` that is due, if one is found in `left` looks, which are taken off: many items may have to be
    /// corrected at once.
    pub(crate) fn due(&mut self, table: &Table, now_ms: i64, left: &mut usize) -> Option<Place> {
        while let Some(&item) = self.items.first() {
            if item.0 > now_ms || *left == 0 {
                return None;
            }
            *left -= 1;
            if let Some(place) = table.find_by_hash(item.1, |entry| entry.expire_at == item.0) {
                return Some(place);
            }
            self.correct(table, item);
        }
        None
    }

    /// Brings an item to the time of its key, or takes it out if the key is gone.
    fn correct(&mut self, table: &Table, item: Item) {
        let (at, hash) = item;
        let mut is_right = false;
        for (_, entry) in table.with_hash(hash) {
            if entry.expire_at != NEVER {
                self.items.insert((entry.expire_at, hash));
                is_right |= entry.expire_at == at;
            }
        }
        if !is_right {
            self.items.remove(&item);
        }
    }

    /// Looks at the next items.
    fn clear_away(&mut self, table: &Table) {
        for _ in 0..LOOKS {
            let from = self.looked.map_or(Bound::Unbounded, Bound::Excluded);
            self.looked = self.items.range((from, Bound::Unbounded)).next().copied();
            match self.looked {
                Some(item) => self.correct(table, item),
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::{Bytes, StringValue, Value};

    use super::*;
    use crate::database::Database;
    use crate::entry::Entry;

    fn entry(key: u8, expire_at: i64) -> Entry {
        Entry {
            key: Bytes::from(&[key][..]),
            value: Value::String(StringValue::new(b"value")),
            expire_at,
            hash: u32::from(key).wrapping_mul(0x85EB_CA6B),
            access: 0,
        }
    }

    fn place(database: &Database, key: u8) -> Option<Place> {
        database.table.find(entry(key, NEVER).hash, &[key])
    }

    #[derive(Clone, Debug)]
    enum Step {
        /// Gives a key this time, `None` for none; makes it if it is not there.
        Set(u8, Option<i64>),
        Remove(u8),
        /// Lets so much time pass.
        Pass(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..40u8, prop::option::weighted(0.9, 1..500i64)).prop_map(|(key, after)| Step::Set(key, after)),
            2 => (0..40u8).prop_map(Step::Remove),
            1 => (0..100i64).prop_map(Step::Pass),
        ]
    }

    proptest! {
        #[test]
        fn keys_come_due_when_their_time_has_come(steps in prop::collection::vec(step(), 1..400)) {
            let mut database = Database::default();
            let mut now = 0;
            for step in steps {
                match step {
                    Step::Set(key, after) => {
                        let at = after.map_or(NEVER, |after| now + after);
                        match place(&database, key) {
                            Some(place) => database.set_expiry(place, at),
                            None => {
                                database.insert(entry(key, at));
                            }
                        }
                    }
                    Step::Remove(key) => {
                        if let Some(place) = place(&database, key) {
                            database.remove(place);
                        }
                    }
                    Step::Pass(time) => {
                        now += time;
                        while let Some(place) = database.due(now, &mut { usize::MAX }) {
                            let entry = database.remove(place);
                            prop_assert!(entry.expire_at <= now);
                        }
                        prop_assert!(database.table.iter().all(|entry| entry.expire_at > now));
                    }
                }
                let expiring = database.table.iter().filter(|entry| entry.expire_at != NEVER).count();
                prop_assert_eq!(database.expiring(), expiring);
            }
        }
    }

    #[test]
    fn putting_keys_off_and_taking_them_away_leaves_little_behind() {
        let mut database = Database::default();
        for round in 0..2_000 {
            for key in 0..100u8 {
                let at = round * 1_000 + 10_000_000;
                let place = database.insert(entry(key, at));
                database.set_expiry(place, at + 500_000);
                if key % 3 == 0 {
                    database.set_expiry(place, at + 400_000);
                }
                database.set_expiry(place, at + 600_000);
                if key > 5 {
                    database.remove(place);
                }
            }
            for key in 0..=5 {
                let place = place(&database, key).expect("is there");
                database.remove(place);
            }
        }
        assert_eq!(database.expiring(), 0);
        let left = database.expiry_items();
        assert!(left < 300, "{left} items are left");
    }

    #[test]
    fn keys_that_were_put_off_are_brought_to_their_time_in_bounded_pieces() {
        let mut database = Database::default();
        for key in 0..100u8 {
            let place = database.insert(entry(key, 1_000));
            database.set_expiry(place, 5_000);
        }
        for _ in 0..10 {
            let mut left = 10;
            assert!(database.due(2_000, &mut left).is_none());
            assert_eq!(left, 0);
        }
        let mut left = 10;
        assert!(database.due(2_000, &mut left).is_none());
        assert_eq!(left, 10);
        assert!(database.due(5_000, &mut left).is_some());
    }
}
