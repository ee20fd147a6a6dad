//! 64-bit integers in canonical decimal form.

/// Reads an integer in its canonical form: no leading zeros, plus sign, spaces, or `-0`. Anything
/// else is `None`.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    let mut magnitude: u64 = 0;
    for &digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// Writes an integer into `scratch` and returns the part written.
#[inline]
pub fn write_i64(integer: i64, scratch: &mut [u8; 20]) -> &[u8] {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(integer).as_bytes();
    let written = &mut scratch[..digits.len()];
    written.copy_from_slice(digits);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_integer() {
        for bad in [
            "",
            "-",
            "+1",
            "01",
            "-0",
            "-01",
            " 1",
            "1 ",
            "1a",
            "0x1",
            "1.0",
            "00",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551617",
            "99999999999999999999",
            "123456789012345678901",
        ] {
            assert_eq!(parse_i64(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn every_integer_reads_back_as_written() {
        for integer in [
            0,
            1,
            -1,
            10,
            -10,
            9_999_999,
            i64::MAX,
            i64::MIN,
            i64::MAX - 1,
            i64::MIN + 1,
        ] {
            let mut scratch = [0; 20];
            assert_eq!(parse_i64(write_i64(integer, &mut scratch)), Some(integer));
        }
    }
}
