//! What a handler changes a value with: the type's mutators, each of which tells the undo log if there is one.

use std::ops::{Deref, Range};

use types::list::End;
use types::{Bytes, Hash, Limits, List, Set, SortedSet, StringValue, Undo, list, string};

/// A value on loan for change ([`Edit::value_mut`](crate::Edit::value_mut)). It reads as the value itself.
pub struct ValueMut<'e, T> {
    value: &'e mut T,
    /// Where the inverse of each change goes; none while nobody may want to undo it or a copy of the value does.
    steps: Option<&'e mut Vec<Undo>>,
}

impl<'e, T> ValueMut<'e, T> {
    pub(crate) fn new(value: &'e mut T, steps: Option<&'e mut Vec<Undo>>) -> ValueMut<'e, T> {
        ValueMut { value, steps }
    }
}

impl<T> Deref for ValueMut<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

impl ValueMut<'_, StringValue> {
    /// See [`StringValue::append`].
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        if let Some(steps) = &mut self.steps {
            let undo = string::Undo::Truncate(self.value.len());
            steps.push(Undo::String(undo));
        }
        self.value.append(bytes)
    }

    /// See [`StringValue::set_range`].
    pub fn set_range(&mut self, offset: usize, bytes: &[u8]) -> usize {
        if let Some(steps) = &mut self.steps {
            let end = offset.saturating_add(bytes.len());
            steps.push(Undo::String(self.value.undo_of(offset..end)));
        }
        self.value.set_range(offset, bytes)
    }

    /// See [`StringValue::range_mut`].
    pub fn range_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        if let Some(steps) = &mut self.steps {
            steps.push(Undo::String(self.value.undo_of(range.clone())));
        }
        self.value.range_mut(range)
    }
}

impl ValueMut<'_, List> {
    /// See [`List::push`].
    pub fn push(&mut self, end: End, element: &[u8], limits: &Limits) {
        if let Some(steps) = &mut self.steps {
            steps.push(Undo::List(list::Undo::Pop(end)));
        }
        self.value.push(end, element, limits);
    }

    /// See [`List::pop`].
    pub fn pop(&mut self, end: End) -> Option<Bytes> {
        let element = self.value.pop(end);
        if let (Some(steps), Some(element)) = (&mut self.steps, &element) {
            steps.push(Undo::List(list::Undo::Push(end, element.clone())));
        }
        element
    }

    /// See [`List::set`].
    pub fn set(&mut self, index: usize, element: &[u8], limits: &Limits) -> Option<Bytes> {
        let old = self.value.set(index, element, limits);
        if let (Some(steps), Some(old)) = (&mut self.steps, &old) {
            steps.push(Undo::List(list::Undo::Set(index, old.clone())));
        }
        old
    }

    /// See [`List::insert`].
    pub fn insert(&mut self, index: usize, element: &[u8], limits: &Limits) {
        if let Some(steps) = &mut self.steps {
            let index = index.min(self.value.len());
            steps.push(Undo::List(list::Undo::Remove(index)));
        }
        self.value.insert(index, element, limits);
    }

    /// See [`List::remove_equal`].
    pub fn remove_equal(&mut self, element: &[u8], end: End, count_max: usize) -> Vec<usize> {
        let indices = self.value.remove_equal(element, end, count_max);
        if let Some(steps) = &mut self.steps
            && !indices.is_empty()
        {
            let removed = Box::new((indices.clone(), Bytes::from(element)));
            steps.push(Undo::List(list::Undo::Reinsert(removed)));
        }
        indices
    }

    /// See [`List::trim`]. What is cut off is only returned if the undo log does not keep it: it is for disposal.
    pub fn trim(&mut self, keep: Range<usize>) -> (List, List) {
        match &mut self.steps {
            Some(steps) => {
                steps.push(Undo::List(self.value.trim_with_undo(keep)));
                (List::new(), List::new())
            }
            None => self.value.trim(keep),
        }
    }
}

impl ValueMut<'_, Hash> {
    /// See [`Hash::set`].
    #[inline]
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> Option<Bytes> {
        let Some(steps) = &mut self.steps else {
            return self.value.set(field, value, limits);
        };
        let (old, undo) = self.value.set_with_undo(field, value, limits);
        steps.push(Undo::Hash(undo));
        old
    }

    /// See [`Hash::remove`].
    #[inline]
    pub fn remove(&mut self, field: &[u8]) -> Option<Bytes> {
        let Some(steps) = &mut self.steps else {
            return self.value.remove(field);
        };
        let (old, undo) = self.value.remove_with_undo(field)?;
        steps.push(Undo::Hash(undo));
        Some(old)
    }
}

impl ValueMut<'_, Set> {
    /// See [`Set::add`].
    #[inline]
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        let Some(steps) = &mut self.steps else {
            return self.value.add(member, limits);
        };
        let undo = self.value.add_with_undo(member, limits);
        note(steps, undo.map(Undo::Set))
    }

    /// See [`Set::remove`].
    #[inline]
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let Some(steps) = &mut self.steps else {
            return self.value.remove(member);
        };
        note(steps, self.value.remove_with_undo(member).map(Undo::Set))
    }

    /// See [`Set::pop`].
    pub fn pop(&mut self, rng: &mut dyn FnMut() -> u64) -> Option<Bytes> {
        let Some(steps) = &mut self.steps else {
            return self.value.pop(rng);
        };
        let (member, undo) = self.value.pop_with_undo(rng)?;
        steps.push(Undo::Set(undo));
        Some(member)
    }
}

/// Puts an inverse down if there is one; whether there is.
fn note(steps: &mut Vec<Undo>, undo: Option<Undo>) -> bool {
    let changed = undo.is_some();
    steps.extend(undo);
    changed
}

impl ValueMut<'_, SortedSet> {
    /// See [`SortedSet::insert`].
    #[inline]
    pub fn insert(&mut self, member: &[u8], score: f64, limits: &Limits) -> Option<f64> {
        let Some(steps) = &mut self.steps else {
            return self.value.insert(member, score, limits);
        };
        let (old, undo) = self.value.insert_with_undo(member, score, limits);
        note(steps, undo.map(Undo::SortedSet));
        old
    }

    /// See [`SortedSet::remove`].
    #[inline]
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let Some(steps) = &mut self.steps else {
            return self.value.remove(member);
        };
        let (score, undo) = self.value.remove_with_undo(member)?;
        steps.push(Undo::SortedSet(undo));
        Some(score)
    }

    /// See [`SortedSet::remove_range`].
    pub fn remove_range(&mut self, ranks: Range<usize>) -> Vec<(Bytes, f64)> {
        match &mut self.steps {
            None => self.value.remove_range(ranks),
            Some(steps) => self
                .value
                .remove_range_with_undo(ranks, &mut |undo| steps.push(Undo::SortedSet(undo))),
        }
    }
}
