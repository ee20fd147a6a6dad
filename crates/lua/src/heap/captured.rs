//! The variables a closure has captured.

use thin_vec::ThinVec;

use crate::value::UpvalueHandle;

/// How many of them are kept in place.
const IN_PLACE: usize = 4;
/// What is in a place without a variable: no upvalue has this handle.
const NONE: UpvalueHandle = UpvalueHandle(u32::MAX);

/// The handles of captured variables. Most functions capture a few: those are one load away from the closure.
pub(crate) struct Captured {
    first: [UpvalueHandle; IN_PLACE],
    more: ThinVec<UpvalueHandle>,
}

impl Captured {
    pub(crate) fn new() -> Captured {
        Captured {
            first: [NONE; IN_PLACE],
            more: ThinVec::new(),
        }
    }

    /// Adds the next one.
    #[inline]
    pub(crate) fn push(&mut self, upvalue: UpvalueHandle) {
        match self.first.iter_mut().find(|place| **place == NONE) {
            Some(place) => *place = upvalue,
            None => self.more.push(upvalue),
        }
    }

    /// Number `index`, which there has to be.
    #[inline(always)]
    pub(crate) fn at(&self, index: u8) -> UpvalueHandle {
        match self.first.get(usize::from(index)) {
            Some(upvalue) => *upvalue,
            None => self.more[usize::from(index) - IN_PLACE],
        }
    }

    /// Number `index`, if there are so many.
    pub(crate) fn get(&self, index: usize) -> Option<UpvalueHandle> {
        let upvalue = match self.first.get(index) {
            Some(upvalue) => *upvalue,
            None => *self.more.get(index - IN_PLACE)?,
        };
        (upvalue != NONE).then_some(upvalue)
    }

    /// All of them.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = UpvalueHandle> + '_ {
        let first = self.first.iter().copied();
        first
            .take_while(|upvalue| *upvalue != NONE)
            .chain(self.more.iter().copied())
    }

    /// The heap bytes behind it.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.more.capacity() * size_of::<UpvalueHandle>()
    }
}

impl FromIterator<UpvalueHandle> for Captured {
    fn from_iter<I: IntoIterator<Item = UpvalueHandle>>(upvalues: I) -> Captured {
        let mut captured = Captured::new();
        for upvalue in upvalues {
            captured.push(upvalue);
        }
        captured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_captured_is_there_in_order() {
        for count in 0..12 {
            let handles: Vec<UpvalueHandle> = (0..count).map(|n| UpvalueHandle(n * 7)).collect();
            let captured: Captured = handles.iter().copied().collect();
            assert_eq!(captured.iter().collect::<Vec<_>>(), handles);
            for (index, handle) in handles.iter().enumerate() {
                assert_eq!(captured.at(index as u8), *handle);
                assert_eq!(captured.get(index), Some(*handle));
            }
            assert_eq!(captured.get(count as usize), None);
            assert_eq!(captured.bytes() > 0, count > 4);
        }
    }
}
