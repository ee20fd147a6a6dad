//! Uniform choices from a source of random 64-bit numbers.

use std::collections::HashSet;

/// A uniform number below `bound`; `None` if `bound` is 0.
pub(crate) fn random_below(bound: usize, rng: &mut dyn FnMut() -> u64) -> Option<usize> {
    if bound == 0 {
        return None;
    }
    // The high half of the 128-bit product maps 64 random bits onto the range without a division;
    // the bias is below bound / 2^64.
    Some(((u128::from(rng()) * bound as u128) >> 64) as usize)
}

/// `count` different numbers below `bound` in random order; all of them, ascending, if `count`
/// reaches `bound`.
pub(crate) fn random_distinct(
    bound: usize,
    count: usize,
    rng: &mut dyn FnMut() -> u64,
) -> Vec<usize> {
    if count >= bound {
        return (0..bound).collect();
    }
    if count > bound / 3 {
        let mut numbers: Vec<usize> = (0..bound).collect();
        for chosen in 0..count {
            if let Some(offset) = random_below(bound - chosen, rng) {
                numbers.swap(chosen, chosen + offset);
            }
        }
        numbers.truncate(count);
        return numbers;
    }
    // Floyd's sampling: exactly `count` draws, whatever they are.
    let mut seen = HashSet::with_capacity(count);
    let mut numbers = Vec::with_capacity(count);
    for top in bound - count..bound {
        if let Some(mut number) = random_below(top + 1, rng) {
            if !seen.insert(number) {
                number = top;
                seen.insert(number);
            }
            numbers.push(number);
        }
    }
    for position in (1..numbers.len()).rev() {
        if let Some(other) = random_below(position + 1, rng) {
            numbers.swap(position, other);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_choices_are_distinct_and_in_range_even_for_a_stuck_source() {
        for bound in [0, 1, 2, 10, 100] {
            for count in [0, 1, 2, 5, 30, 99, 100, 200] {
                for source in [0u64, u64::MAX, 1 << 63] {
                    let numbers = random_distinct(bound, count, &mut || source);
                    assert_eq!(numbers.len(), count.min(bound));
                    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
                    assert!(numbers.iter().all(|&number| number < bound));
                }
            }
        }
    }
}
