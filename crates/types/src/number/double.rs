//! Scores: double-precision numbers as commands take them.

use super::hexadecimal;

/// Reads a double as C's `strtod` does: decimal, hexadecimal (`0x1.8p3`), `inf` and `infinity` in
/// any case, each with an optional sign. The whole text must be the number: no spaces, no rest.
/// NaN, and numbers too large or too small for a double, are `None`.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let (negative, unsigned) = split_sign(text);
    if let [b'0', b'x' | b'X', digits @ ..] = unsigned {
        let (mantissa, exponent) = hexadecimal::parse(digits)?;
        let magnitude = compose(mantissa, exponent)?;
        return Some(if negative { -magnitude } else { magnitude });
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let in_range = value.is_finite() && (value != 0.0 || !has_nonzero_digit(unsigned));
    (in_range || is_infinity(unsigned)).then_some(value)
}

/// Splits an optional sign off; true if it is a minus.
pub(super) fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// Whether a number without its sign is one of C's spellings of infinity.
pub(super) fn is_infinity(unsigned: &[u8]) -> bool {
    unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity")
}

/// Whether a decimal number has a digit other than 0 before its exponent: then it is not zero.
fn has_nonzero_digit(unsigned: &[u8]) -> bool {
    unsigned
        .iter()
        .take_while(|byte| !byte.eq_ignore_ascii_case(&b'e'))
        .any(|byte| matches!(byte, b'1'..=b'9'))
}

/// The double nearest to `mantissa` × 2^`exponent`; `None` if that is out of a double's range. The
/// lowest bit of the mantissa may stand for all lower ones that are not zero.
fn compose(mantissa: u128, exponent: i32) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let (mantissa, exponent) = super::extended::round(mantissa, exponent, 53, -1074);
    if mantissa == 0 || exponent > 1023 - 52 {
        return None;
    }
    let mantissa = mantissa as u64;
    let bits = match mantissa >> 52 {
        0 => mantissa,
        _ => ((exponent + 1075) as u64) << 52 | (mantissa & ((1 << 52) - 1)),
    };
    Some(f64::from_bits(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_zadd_reads_them() {
        for (text, value) in [
            ("3", 3.0),
            ("+5", 5.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-1e3", -1000.0),
            ("1E+2", 100.0),
            ("0x10", 16.0),
            ("-0X1P3", -8.0),
            ("0x.8", 0.5),
            ("0x1.8p-1", 0.75),
            ("0x1.00000000000008", 1.0),
            (
                "0x1.000000000000080000000000000000000000001",
                1.000_000_000_000_000_2,
            ),
            ("0x0.0000000000000000000000000000000000000001p160", 1.0),
            ("0x1p-1074", 5e-324),
            ("0x1.fffffffffffff8p-1023", f64::MIN_POSITIVE),
            ("0x0p99999999999", 0.0),
            ("5e-324", 5e-324),
            ("0e-999", 0.0),
            ("inf", f64::INFINITY),
            ("+INF", f64::INFINITY),
            ("-InFinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse_f64(text.as_bytes()), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            "0x",
            "0x.",
            "0x1p",
            "0x1p+",
            "0xg",
            "nan",
            "-nan",
            "nan(a)",
            " 1",
            "1 ",
            "1\0",
            "1_0",
            "1e400",
            "-1e400",
            "1e-400",
            "0x1p1024",
            "0x1p-1076",
            "infi",
            "--1",
            "1.5.2",
            "1f",
            "\u{661}",
        ] {
            assert_eq!(parse_f64(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parse_f64(b"\xff"), None);
    }

    #[test]
    fn what_was_written_reads_back() {
        let mut bits = 1u64;
        for _ in 0..20_000 {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(bits);
            if value.is_finite() {
                assert_eq!(parse_f64(format!("{value:.16e}").as_bytes()), Some(value));
            }
        }
    }
}
