//! The door's handle: a value on loan for change.

use std::ops::Deref;

use types::Bytes;

use crate::event::Event;
use crate::kind::Kind;
use crate::lock::ShardIndex;
use crate::table::Place;
use crate::unit::Unit;
use crate::value_mut::ValueMut;

/// A value that may be changed in place.
///
/// Every edit is settled by [`Edit::commit`], which tells all who must know, or by [`Edit::unchanged`]. (In debug
/// builds an edit whose value was changed and that was dropped without either panics: a change nobody heard of is a defect.)
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

    /// The value, to be changed in place with its type's mutators.
    #[inline]
    pub fn value_mut(&mut self) -> ValueMut<'_, T> {
        self.state = State::Borrowed;
        let database = self.unit.database();
        let (part, log) = self.unit.part_and_log(self.shard);
        let entry = part.table.get_mut(self.place);
        let steps = match log {
            None => None,
            Some(log) => log.steps_for(database, &entry.key, &entry.value),
        };
        let value = T::of_mut(&mut entry.value).expect("the edit was made for this type");
        ValueMut::new(value, steps)
    }

    /// Puts another value of the same type in the place of this one; the old one, for disposal, unless the undo log
    /// keeps it.
    pub fn replace(&mut self, value: T) -> Option<T> {
        self.state = State::Borrowed;
        let database = self.unit.database();
        let (part, log) = self.unit.part_and_log(self.shard);
        let entry = part.table.get_mut(self.place);
        match log {
            None => {
                let old = T::of_mut(&mut entry.value).expect("the edit was made for this type");
                Some(std::mem::replace(old, value))
            }
            Some(log) => {
                let old = std::mem::replace(&mut entry.value, value.into_value());
                log.note_replaced(database, &entry.key, old);
                None
            }
        }
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
            self.unit.take(shard, place);
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
            if let Some(log) = &mut self.unit.log {
                log.pop_creation();
            }
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
