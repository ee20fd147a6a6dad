//! A seeded source of choices, so that a run can be repeated from its printed seed.

use std::time::SystemTime;

use crate::arguments::Arguments;
use crate::error::Error;

/// SplitMix64: tiny, and good enough to pick commands.
#[derive(Debug, Clone)]
pub struct Seeded(u64);

impl Seeded {
    /// The stream of choices that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed that `--seed` names, or one of the clock.
    pub fn take_seed(arguments: &mut Arguments) -> Result<u64, Error> {
        let seed = arguments.take_parsed("seed")?;
        Ok(seed.unwrap_or_else(|| {
            let now = SystemTime::UNIX_EPOCH.elapsed();
            now.map_or(1, |elapsed| elapsed.as_secs())
        }))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `bound`; `bound` must not be 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a usize fits in 64 bits");
        usize::try_from(self.next() % bound).expect("smaller than a usize")
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
