//! The door's handle: a value on loan for change.

use std::ops::{Deref, DerefMut};

use types::Bytes;

use crate::event::Event;
use crate::kind::Kind;
use crate::lock::ShardIndex;
use crate::table::Place;
use crate::unit::Unit;

/// A value that may be changed in place.
///
/// Every edit is settled by [`Edit::commit`], which tells all who must know, or by [`Edit::unchanged`]. (In debug
/// builds an edit that was borrowed mutably and dropped without either panics: a change nobody heard of is a defect.)
/// A collection that is empty when committed is removed with its key, and the `del` event follows.
pub struct Edit<'u, 'k, T: Kind> {
    unit: &'u mut Unit<'k>,
    shard: ShardIndex,
    place: Place,
    created: bool,
    state: State,
    kind: std::marker::PhantomData<T>,
}

#[derive(PartialEq, Eq)]
enum State {
    Clean,
    Borrowed,
    Settled,
}

impl<'u, 'k, T: Kind> Edit<'u, 'k, T> {
    pub(crate) fn new(
        unit: &'u mut Unit<'k>,
        shard: ShardIndex,
        place: Place,
        created: bool,
    ) -> Edit<'u, 'k, T> {
        Edit {
            unit,
            shard,
            place,
            created,
            state: State::Clean,
            kind: std::marker::PhantomData,
        }
    }

    /// Whether the key was created by this edit.
    pub fn is_new(&self) -> bool {
        self.created
    }

    /// The unit's clock, in milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.unit.now_ms()
    }

    /// Ends the edit: the value was changed, in one respect.
    pub fn commit(self, event: Event) {
        self.commit_many(event, 1);
    }

    /// Ends the edit: the value was changed `count` times (which only the change counter tells apart).
    pub fn commit_many(mut self, event: Event, count: u64) {
        self.state = State::Settled;
        let key = self.key();
        if self.created {
            self.unit.note_created(self.shard, &key);
        }
        self.unit.settle(self.shard, &key, event, count);
        if self.is_gone() {
            let (shard, place) = (self.shard, self.place);
            self.unit.database_part(shard).remove(place);
            self.unit.note_event(Event::DEL, &key);
        }
    }

    /// Ends the edit: nothing was changed after all. A key this edit created is there no more if it is empty.
    pub fn unchanged(mut self) {
        self.state = State::Settled;
        self.undo_creation();
    }

    fn undo_creation(&mut self) {
        if self.created {
            let (shard, place) = (self.shard, self.place);
            self.unit.database_part(shard).remove(place);
        }
    }

    fn key(&mut self) -> Bytes {
        self.unit
            .database_part(self.shard)
            .table
            .get(self.place)
            .key
            .clone()
    }

    fn is_gone(&mut self) -> bool {
        (**self).is_gone()
    }
}

impl<T: Kind> Deref for Edit<'_, '_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        let database = self.unit.database();
        let table = &self.unit.shard(self.shard).databases[database].table;
        T::of(&table.get(self.place).value).expect("the edit was made for this type")
    }
}

impl<T: Kind> DerefMut for Edit<'_, '_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.state = State::Borrowed;
        let place = self.place;
        let entry = self.unit.database_part(self.shard).table.get_mut(place);
        T::of_mut(&mut entry.value).expect("the edit was made for this type")
    }
}

impl<T: Kind> Drop for Edit<'_, '_, T> {
    fn drop(&mut self) {
        match self.state {
            State::Settled => {}
            State::Clean => self.undo_creation(),
            State::Borrowed => {
                debug_assert!(
                    std::thread::panicking(),
                    "an edit was dropped without commit or unchanged"
                );
            }
        }
    }
}
