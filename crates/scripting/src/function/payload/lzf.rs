//! LZF, the compression of strings in RDB files: runs of plain bytes and references to what came before.

/// No reference makes more bytes than this out of its two or three.
const REFERENCE_MAX: usize = 264;

/// Unpacks to exactly `length` bytes; `None` if that is not what `packed` holds.
pub(super) fn unpack(mut packed: &[u8], length: usize) -> Option<Vec<u8>> {
    // A length that cannot be true must not take memory.
    if length > packed.len().saturating_mul(REFERENCE_MAX) {
        return None;
    }
    let mut out = Vec::with_capacity(length);
    while let Some((&control, rest)) = packed.split_first() {
        packed = rest;
        if control < 32 {
            let (plain, rest) = packed.split_at_checked(usize::from(control) + 1)?;
            packed = rest;
            out.extend_from_slice(plain);
        } else {
            let mut count = usize::from(control >> 5) + 2;
            if control >> 5 == 7 {
                let (&more, rest) = packed.split_first()?;
                packed = rest;
                count += usize::from(more);
            }
            let (&low, rest) = packed.split_first()?;
            packed = rest;
            let distance = (usize::from(control & 31) << 8 | usize::from(low)) + 1;
            let start = out.len().checked_sub(distance)?;
            // What is copied may begin before what it makes has ended.
            for index in start..start + count {
                out.push(out[index]);
            }
        }
        if out.len() > length {
            return None;
        }
    }
    (out.len() == length).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_runs_and_references() {
        assert_eq!(unpack(b"\x02abc", 3).as_deref(), Some(&b"abc"[..]));
        assert_eq!(
            unpack(b"\x00a\xe0\x01\x00", 11).as_deref(),
            Some(&b"aaaaaaaaaaa"[..])
        );
        assert_eq!(
            unpack(b"\x02abc\x20\x02", 6).as_deref(),
            Some(&b"abcabc"[..])
        );
    }

    #[test]
    fn refuses_what_is_cut_off_or_points_nowhere() {
        for (packed, length) in [
            (&b"\x02ab"[..], 3),
            (b"\x02abc", 4),
            (b"\x02abc", 2),
            (b"\x20\x00", 3),
            (b"\x00a\xe0", 9),
            (b"\x00a", usize::MAX),
        ] {
            assert_eq!(unpack(packed, length), None, "{packed:x?}");
        }
    }
}
