//! Which clients have read which keys.
//!
//! The table is split in stripes by the key's hash, each under a lock of its own, so that event loops rarely meet. A
//! client's number stays with a key until the key is modified, even if the client is gone before.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::{DefaultHashBuilder, HashMap};
use parking_lot::Mutex;
use smallvec::SmallVec;
use types::Bytes;

use crate::client::ClientId;

/// A power of two, so that a key's stripe is some bits of its hash.
const STRIPES: usize = 64;

/// The clients that have read a key, ascending.
pub(super) type Readers = SmallVec<[ClientId; 2]>;

type Stripe = Mutex<HashMap<Bytes, Readers, DefaultHashBuilder>>;

/// The table.
#[derive(Debug)]
pub(super) struct KeyTable {
    stripes: Box<[Stripe]>,
    hash_builder: DefaultHashBuilder,
    keys: AtomicUsize,
    items: AtomicUsize,
    /// The stripe from which the next key goes when there are too many.
    next_victim: AtomicUsize,
}

impl Default for KeyTable {
    fn default() -> KeyTable {
        KeyTable {
            stripes: (0..STRIPES).map(|_| Stripe::default()).collect(),
            hash_builder: DefaultHashBuilder::default(),
            keys: AtomicUsize::new(0),
            items: AtomicUsize::new(0),
            next_victim: AtomicUsize::new(0),
        }
    }
}

impl KeyTable {
    /// How many keys are in it.
    pub(super) fn keys(&self) -> usize {
        self.keys.load(Ordering::Relaxed)
    }

    /// How many pairs of a key and a reader are in it.
    pub(super) fn items(&self) -> usize {
        self.items.load(Ordering::Relaxed)
    }

    /// Puts down that a client has read a key.
    pub(super) fn remember(&self, key: &Bytes, client: ClientId) {
        let mut stripe = self.stripe(key).lock();
        if let Some(readers) = stripe.get_mut(&**key) {
            if let Err(position) = readers.binary_search(&client) {
                readers.insert(position, client);
                self.items.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        stripe.insert(key.clone(), SmallVec::from_slice(&[client]));
        self.keys.fetch_add(1, Ordering::Relaxed);
        self.items.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes a key out; who has read it.
    pub(super) fn take(&self, key: &[u8]) -> Readers {
        let Some(readers) = self.stripe(key).lock().remove(key) else {
            return Readers::new();
        };
        self.note_removed(&readers);
        readers
    }

    /// Takes some key out.
    pub(super) fn take_any(&self) -> Option<(Bytes, Readers)> {
        let first = self.next_victim.fetch_add(1, Ordering::Relaxed);
        for index in (0..STRIPES).map(|offset| first.wrapping_add(offset) % STRIPES) {
            let taken = self.stripes[index].lock().extract_if(|_, _| true).next();
            if let Some((key, readers)) = taken {
                self.note_removed(&readers);
                return Some((key, readers));
            }
        }
        None
    }

    /// Takes all keys out.
    pub(super) fn clear(&self) {
        for stripe in &self.stripes {
            for readers in std::mem::take(&mut *stripe.lock()).values() {
                self.note_removed(readers);
            }
        }
    }

    fn note_removed(&self, readers: &Readers) {
        self.keys.fetch_sub(1, Ordering::Relaxed);
        self.items.fetch_sub(readers.len(), Ordering::Relaxed);
    }

    fn stripe(&self, key: &[u8]) -> &Stripe {
        &self.stripes[self.hash_builder.hash_one(key) as usize % STRIPES]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Remember(u8, ClientId),
        Take(u8),
        TakeAny,
        Clear,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (0u8..20, 1u64..6).prop_map(|(key, client)| Step::Remember(key, client)),
            3 => (0u8..20).prop_map(Step::Take),
            2 => Just(Step::TakeAny),
            1 => Just(Step::Clear),
        ]
    }

    proptest! {
        #[test]
        fn the_table_is_a_map_of_sets(steps in prop::collection::vec(step(), 0..200)) {
            let table = KeyTable::default();
            let mut model: BTreeMap<Vec<u8>, BTreeSet<ClientId>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Remember(key, client) => {
                        table.remember(&Bytes::from(&[key][..]), client);
                        model.entry(vec![key]).or_default().insert(client);
                    }
                    Step::Take(key) => {
                        let expected = model.remove(&vec![key]).unwrap_or_default();
                        let expected: Vec<_> = expected.into_iter().collect();
                        prop_assert_eq!(table.take(&[key]).to_vec(), expected);
                    }
                    Step::TakeAny => match table.take_any() {
                        None => prop_assert!(model.is_empty()),
                        Some((key, readers)) => {
                            let expected = model.remove(&key.to_vec()).unwrap_or_default();
                            let expected: Vec<_> = expected.into_iter().collect();
                            prop_assert_eq!(readers.to_vec(), expected);
                        }
                    },
                    Step::Clear => {
                        table.clear();
                        model.clear();
                    }
                }
                prop_assert_eq!(table.keys(), model.len());
                prop_assert_eq!(table.items(), model.values().map(BTreeSet::len).sum::<usize>());
            }
        }
    }
}
