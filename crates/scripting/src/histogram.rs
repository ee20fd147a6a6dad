//! A histogram of durations: four buckets to every doubling, so that a percentile is off by an eighth at most.

use std::sync::atomic::{AtomicU32, Ordering};

/// Durations below this count as this: 2^8 ns.
const LEAST_BITS: u32 = 8;

/// Bits of a duration, behind its first, that tell the buckets of one doubling apart.
const SUB_BITS: u32 = 2;

/// Doublings told apart: from a quarter of a microsecond to eighteen minutes.
const DOUBLINGS: usize = 32;

const BUCKETS: usize = DOUBLINGS << SUB_BITS;

/// Counts of durations by their length. One thread adds; all may read.
#[derive(Debug)]
pub(crate) struct Histogram {
    counts: [AtomicU32; BUCKETS],
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            counts: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }
}

impl Histogram {
    /// Counts a duration in nanoseconds.
    #[inline]
    pub(crate) fn add(&self, nanoseconds: u64) {
        let count = &self.counts[bucket_of(nanoseconds)];
        count.store(
            count.load(Ordering::Relaxed).saturating_add(1),
            Ordering::Relaxed,
        );
    }

    pub(crate) fn reset(&self) {
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
    }
}

/// The sum of several histograms, as they were when they were read.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    counts: [u64; BUCKETS],
}

impl Default for Distribution {
    fn default() -> Distribution {
        Distribution {
            counts: [0; BUCKETS],
        }
    }
}

impl Distribution {
    pub(crate) fn add(&mut self, histogram: &Histogram) {
        for (sum, count) in self.counts.iter_mut().zip(&histogram.counts) {
            *sum += u64::from(count.load(Ordering::Relaxed));
        }
    }

    pub(crate) fn add_one(&mut self, nanoseconds: u64) {
        self.counts[bucket_of(nanoseconds)] += 1;
    }

    /// The duration in nanoseconds that this share of all (0 to 100) does not exceed: the middle of its bucket. 0 if there
    /// are none.
    pub(crate) fn percentile(&self, percent: u64) -> u64 {
        let total: u64 = self.counts.iter().sum();
        let rank = (total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += count;
            if count > 0 && seen >= rank {
                return middle_of(bucket);
            }
        }
        0
    }
}

#[inline]
fn bucket_of(nanoseconds: u64) -> usize {
    let length = nanoseconds | (1 << LEAST_BITS);
    let bits = length.ilog2();
    let sub = (length >> (bits - SUB_BITS)) & ((1 << SUB_BITS) - 1);
    let bucket = (((bits - LEAST_BITS) << SUB_BITS) as usize) + sub as usize;
    bucket.min(BUCKETS - 1)
}

fn middle_of(bucket: usize) -> u64 {
    let bits = (bucket >> SUB_BITS) as u32 + LEAST_BITS;
    let sub = (bucket & ((1 << SUB_BITS) - 1)) as u64;
    let width = 1u64 << (bits - SUB_BITS);
    (1 << bits) + sub * width + width / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_distribution_has_no_percentiles() {
        assert_eq!(Distribution::default().percentile(99), 0);
    }

    proptest! {
        #[test]
        fn a_percentile_is_that_of_the_sorted_durations(
            mut durations in proptest::collection::vec(256u64..1 << 39, 1..200),
            percent in 1u64..=100,
        ) {
            let histogram = Histogram::default();
            for &duration in &durations {
                histogram.add(duration);
            }
            let mut distribution = Distribution::default();
            distribution.add(&histogram);
            durations.sort_unstable();
            let rank = (durations.len() as u64 * percent).div_ceil(100) as usize;
            let exact = durations[rank - 1];
            let found = distribution.percentile(percent);
            prop_assert!(found.abs_diff(exact) <= exact / 8 + 1, "{found} for {exact}");
        }
    }
}
