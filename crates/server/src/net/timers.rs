//! Deadlines, for what a service has to do later.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Instant;

/// A set of values, each with a time it is due. A value cannot be taken back: who sets a deadline marks
/// what it is for, and ignores it when it comes in vain.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    count: u64,
}

#[derive(Debug)]
struct Entry<T> {
    due: Instant,
    /// Keeps values with the same time in their order.
    number: u64,
    value: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.number) == (other.due, other.number)
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Timers {
            heap: BinaryHeap::new(),
            count: 0,
        }
    }
}

impl<T> Timers<T> {
    /// Adds a value that is due at a time.
    pub fn add(&mut self, due: Instant, value: T) {
        self.count += 1;
        self.heap.push(Reverse(Entry {
            due,
            number: self.count,
            value,
        }));
    }

    /// The earliest time a value is due.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.due)
    }

    /// Takes the earliest value that is due by `now`.
    pub fn take_due(&mut self, now: Instant) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry.value)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    proptest::proptest! {
        #[test]
        fn values_come_when_due_in_order(delays in proptest::collection::vec(0..50_u64, 0..40), at in 0..60_u64) {
            let start = Instant::now();
            let mut timers = Timers::default();
            for (index, delay) in delays.iter().enumerate() {
                timers.add(start + Duration::from_millis(*delay), (*delay, index));
            }
            let mut expected: Vec<(u64, usize)> = delays.iter().copied().zip(0..).filter(|(d, _)| *d <= at).collect();
            expected.sort_unstable();
            let now = start + Duration::from_millis(at);
            let due: Vec<_> = std::iter::from_fn(|| timers.take_due(now)).collect();
            proptest::prop_assert_eq!(due, expected);
        }
    }
}
