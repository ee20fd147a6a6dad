//! The locks a unit holds, and the way from a key to its shard.

use parking_lot::MutexGuard;

use crate::lock::{Keyspace, ShardIndex};
use crate::shard::Shard;
use crate::table::Place;

/// The locks a unit holds.
#[derive(Debug)]
pub(crate) enum Guards<'k> {
    None,
    One(ShardIndex, MutexGuard<'k, Shard>),
    Some(Vec<(ShardIndex, MutexGuard<'k, Shard>)>),
    All(Vec<MutexGuard<'k, Shard>>),
}

/// Where the key that was looked for last is: mostly it is the next one as well. The key at the place tells whether that still
/// is so, whatever has happened since.
#[derive(Clone, Copy)]
pub(crate) struct Recent {
    shard: ShardIndex,
    place: Place,
}

impl Default for Recent {
    fn default() -> Recent {
        Recent {
            shard: 0,
            place: Place::NOWHERE,
        }
    }
}

impl Guards<'_> {
    /// The shard that is held, if it is just one. A unit that holds one lock only is about keys of that shard, so nothing need be
    /// computed.
    #[inline]
    pub(crate) fn only(&self) -> Option<ShardIndex> {
        match self {
            Guards::One(shard, _) => Some(*shard),
            _ => None,
        }
    }

    pub(crate) fn shard(&self, shard: ShardIndex) -> &Shard {
        match self {
            Guards::One(held, guard) if *held == shard => guard,
            Guards::Some(held) => {
                let position = held.binary_search_by_key(&shard, |&(index, _)| index);
                &held[position.expect("the road locks every shard a handler touches")].1
            }
            Guards::All(guards) => &guards[usize::from(shard)],
            _ => unreachable!("the road locks every shard a handler touches"),
        }
    }

    pub(crate) fn shard_mut(&mut self, shard: ShardIndex) -> &mut Shard {
        match self {
            Guards::One(held, guard) if *held == shard => guard,
            Guards::Some(held) => {
                let position = held.binary_search_by_key(&shard, |&(index, _)| index);
                &mut held[position.expect("the road locks every shard a handler touches")].1
            }
            Guards::All(guards) => &mut guards[usize::from(shard)],
            _ => unreachable!("the road locks every shard a handler touches"),
        }
    }

    /// The shard of a key, and where in it the key may be.
    #[inline(always)]
    pub(crate) fn seek<'g>(
        &'g mut self,
        database: usize,
        recent: &'g mut Recent,
        key: &[u8],
    ) -> (ShardIndex, &'g mut Shard, &'g mut Place) {
        match self {
            Guards::One(shard, guard) => {
                debug_assert_eq!(
                    *shard,
                    Keyspace::shard_of(key),
                    "the road locks what a handler touches"
                );
                recent.shard = *shard;
                (*shard, guard, &mut recent.place)
            }
            guards => {
                if recent.place == Place::NOWHERE
                    || !guards.shard(recent.shard).databases[database]
                        .table
                        .holds(recent.place, key)
                {
                    recent.shard = Keyspace::shard_of(key);
                }
                let shard = recent.shard;
                (shard, guards.shard_mut(shard), &mut recent.place)
            }
        }
    }
}
