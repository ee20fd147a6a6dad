//! The door's handle: a value on loan for change.

use std::ops::Deref;

use crate::changes::Changes;
use crate::event::Event;
use crate::kind::Kind;
use crate::shard::{Shard, record_event};
use crate::table::Place;
use crate::unit::Scope;
use crate::value_mut::ValueMut;

/// A value that may be changed in place.
///
/// Every edit is settled by [`Edit::commit`], which tells all who must know, or by [`Edit::unchanged`]. (In debug
/// builds an edit whose value was changed and that was dropped without either panics: a change nobody heard of is a
/// defect.)
/// A collection that is empty when committed is removed with its key, and the `del` event follows.
pub struct Edit<'u, 'k, T: Kind> {
    /// The key's shard, so that no access to the value has to look for it again.
    shard: &'u mut Shard,
    scope: &'u Scope<'k>,
    changes: &'u mut Changes,
    place: Place,
    origin: Origin,
    state: State,
    kind: std::marker::PhantomData<T>,
}

// Both are whole words: an edit is copied on its way to the handler, and what was written byte by byte cannot be read as
// a word before it has left the store buffer.

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Origin {
    /// The key was there.
    Found,
    /// The edit has created the key.
    Created,
}

#[derive(PartialEq, Eq)]
#[repr(usize)]
enum State {
    Clean,
    Borrowed,
    Settled,
}

impl<'u, 'k, T: Kind> Edit<'u, 'k, T> {
    #[inline(always)]
    pub(crate) fn new(
        shard: &'u mut Shard,
        scope: &'u Scope<'k>,
        changes: &'u mut Changes,
        place: Place,
        origin: Origin,
    ) -> Edit<'u, 'k, T> {
        Edit {
            shard,
            scope,
            changes,
            place,
            origin,
            state: State::Clean,
            kind: std::marker::PhantomData,
        }
    }

    /// Whether the key was created by this edit.
    pub fn is_new(&self) -> bool {
        self.origin == Origin::Created
    }

    /// The unit's clock, in milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.scope.now_ms
    }

    /// The value, to be changed in place with its type's mutators.
    #[inline]
    pub fn value_mut(&mut self) -> ValueMut<'_, T> {
        self.state = State::Borrowed;
        let database = self.scope.database;
        let entry = self.shard.databases[database].table.get_mut(self.place);
        let steps = match &mut self.changes.log {
            None => None,
            Some(log) => log.steps_for(database, &entry.key, &entry.value),
        };
        let value = T::of_mut(&mut entry.value).expect("the edit was made for this type");
        ValueMut::new(value, steps)
    }

    /// Puts another value of the same type in the place of this one; the old one, for disposal, unless the undo log
    /// keeps it.
    #[inline]
    pub fn replace(&mut self, value: T) -> Option<T> {
        self.state = State::Borrowed;
        let database = self.scope.database;
        let entry = self.shard.databases[database].table.get_mut(self.place);
        match &mut self.changes.log {
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

    /// Puts in the place of the value what `change` makes of it; hands on what else it gives. The old value is dropped, unless
    /// the undo log keeps it. If `change` fails nothing is changed.
    ///
    /// # Errors
    /// Those of `change`.
    #[inline(always)]
    pub fn exchange<R, E>(&mut self, change: impl FnOnce(&T) -> Result<(T, R), E>) -> Result<R, E> {
        let database = self.scope.database;
        let entry = self.shard.databases[database].table.get_mut(self.place);
        let old = T::of_mut(&mut entry.value).expect("the edit was made for this type");
        let (new, outcome) = change(old)?;
        self.state = State::Borrowed;
        match &mut self.changes.log {
            None => *old = new,
            Some(log) => {
                let old = std::mem::replace(&mut entry.value, new.into_value());
                log.note_replaced(database, &entry.key, old);
            }
        }
        Ok(outcome)
    }

    /// Ends the edit: the value was changed, in one respect.
    #[inline(always)]
    pub fn commit(self, event: Event) {
        self.commit_many(event, 1);
    }

    /// Ends the edit: the value was changed `count` times (which only the change counter tells apart).
    #[inline(always)]
    pub fn commit_many(mut self, event: Event, count: u64) {
        self.state = State::Settled;
        let is_gone = self.is_gone();
        // Mostly nobody is to be told of a change, and the key need not be known.
        if is_gone || self.scope.notify_mask != 0 || self.shard.is_observed() {
            self.tell(event, count, is_gone);
        } else {
            self.changes.dirty += count;
        }
    }

    /// Tells all who must know of the change.
    #[cold]
    fn tell(&mut self, event: Event, count: u64, is_gone: bool) {
        let scope = self.scope;
        let part = &self.shard.databases[scope.database];
        let key = part.table.get(self.place).key.clone();
        if self.is_new() {
            scope.note_created(self.shard, self.changes, &key);
        }
        scope.settle(self.shard, self.changes, &key, event, count);
        if is_gone {
            let entry = self.shard.databases[scope.database].remove(self.place);
            self.changes.keep_removed(scope.database, entry);
            record_event(
                self.changes,
                scope.notify_mask,
                scope.database,
                Event::DEL,
                &key,
            );
        }
    }

    /// Ends the edit: nothing was changed after all. A key this edit created is there no more if it is empty.
    pub fn unchanged(mut self) {
        self.state = State::Settled;
        self.undo_creation();
    }

    fn undo_creation(&mut self) {
        if self.is_new() {
            self.shard.databases[self.scope.database].remove(self.place);
            if let Some(log) = &mut self.changes.log {
                log.pop_creation();
            }
        }
    }

    #[inline]
    fn is_gone(&self) -> bool {
        T::CAN_BE_GONE && (**self).is_gone()
    }
}

impl<T: Kind> Deref for Edit<'_, '_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        let table = &self.shard.databases[self.scope.database].table;
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
