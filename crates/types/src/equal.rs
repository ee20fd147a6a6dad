//! Equality of short byte strings.

/// Whether two byte strings are equal: without a call for those of up to 16 bytes, as names and keys mostly are.
#[inline(always)]
pub fn bytes_equal(a: &[u8], b: &[u8]) -> bool {
    let length = a.len();
    if length != b.len() {
        return false;
    }
    // Two words that overlap stand for all bytes between them.
    match length {
        0 => true,
        1..=3 => a[0] == b[0] && a[length / 2] == b[length / 2] && a[length - 1] == b[length - 1],
        4..=7 => half(a, 0) == half(b, 0) && half(a, length - 4) == half(b, length - 4),
        8..=16 => word(a, 0) == word(b, 0) && word(a, length - 8) == word(b, length - 8),
        _ => a == b,
    }
}

#[inline(always)]
fn half(bytes: &[u8], at: usize) -> Option<u32> {
    bytes[at..].first_chunk().copied().map(u32::from_le_bytes)
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes[at..].first_chunk().copied().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_difference_is_seen() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length)
                .map(|at| (at as u8).wrapping_mul(7) + 1)
                .collect();
            assert!(bytes_equal(&text, &text.clone()));
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 0x20;
                assert!(!bytes_equal(&text, &other), "{length} bytes, at {at}");
                assert!(!bytes_equal(&text, &text[..at]));
            }
        }
    }
}
