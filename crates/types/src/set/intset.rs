//! A sorted array of integers, each as wide as the widest needs: 2, 4 or 8 bytes.

use thin_vec::ThinVec;

use crate::bytes::HEAP_HEADER;

/// Integers in ascending order without duplicates.
#[derive(Clone, Debug)]
pub(super) enum Intset {
    Narrow(ThinVec<i16>),
    Medium(ThinVec<i32>),
    Wide(ThinVec<i64>),
}

/// Runs the same expression on the array of any width.
macro_rules! with_array {
    ($intset:expr, $array:ident => $body:expr) => {
        match $intset {
            Intset::Narrow($array) => $body,
            Intset::Medium($array) => $body,
            Intset::Wide($array) => $body,
        }
    };
}

impl Intset {
    pub fn new() -> Self {
        Self::Narrow(ThinVec::new())
    }

    #[inline]
    pub fn len(&self) -> usize {
        with_array!(self, array => array.len())
    }

    /// The member at a position in ascending order.
    #[inline]
    pub fn at(&self, position: usize) -> i64 {
        with_array!(self, array => wide(array[position]))
    }

    /// Where the integer is, or where it would be inserted.
    #[inline]
    pub fn search(&self, integer: i64) -> Result<usize, usize> {
        with_array!(self, array => array.binary_search_by_key(&integer, |&member| wide(member)))
    }

    /// Adds an integer; false if it was there already.
    pub fn add(&mut self, integer: i64) -> bool {
        let Err(position) = self.search(integer) else {
            return false;
        };
        self.widen_for(integer);
        match self {
            Self::Narrow(array) => insert(array, position, integer as i16),
            Self::Medium(array) => insert(array, position, integer as i32),
            Self::Wide(array) => insert(array, position, integer),
        }
        true
    }

    /// Removes the member at a position.
    pub fn remove_at(&mut self, position: usize) -> i64 {
        with_array!(self, array => {
            let integer = wide(array.remove(position));
            if array.len() < array.capacity() / 2 {
                array.shrink_to_fit();
            }
            integer
        })
    }

    pub fn heap_size(&self) -> usize {
        let (capacity, width) = match self {
            Self::Narrow(array) => (array.capacity(), 2),
            Self::Medium(array) => (array.capacity(), 4),
            Self::Wide(array) => (array.capacity(), 8),
        };
        if capacity == 0 {
            0
        } else {
            HEAP_HEADER + capacity * width
        }
    }

    /// A set never narrows again, as in Redis.
    fn widen_for(&mut self, integer: i64) {
        let fits_narrow = i16::try_from(integer).is_ok();
        let fits_medium = i32::try_from(integer).is_ok();
        *self = match self {
            Self::Narrow(array) if !fits_medium => Self::Wide(widened(array)),
            Self::Medium(array) if !fits_medium => Self::Wide(widened(array)),
            Self::Narrow(array) if !fits_narrow => Self::Medium(widened(array)),
            _ => return,
        };
    }
}

fn wide(member: impl Into<i64>) -> i64 {
    member.into()
}

fn insert<T>(array: &mut ThinVec<T>, position: usize, integer: T) {
    if array.len() == array.capacity() {
        array.reserve_exact(1 + array.len() / 8);
    }
    array.insert(position, integer);
}

fn widened<T: Copy, U: From<T>>(array: &ThinVec<T>) -> ThinVec<U> {
    let mut wider = ThinVec::with_capacity(array.len() + 1);
    wider.extend(array.iter().map(|&member| U::from(member)));
    wider
}
