//! Scores: double-precision numbers as commands take and replies show them.

use std::io::Write;

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

/// Writes a double with 17 significant digits, trailing zeros dropped, as C's `%.17g` does: `3`,
/// `0.10000000000000001`, `1e+20`, `inf`. This is how ZSCORE shows a score.
pub fn format_f64(value: f64, out: &mut Vec<u8>) {
    const WHOLE_MAX: f64 = 1e17;
    if value.abs() < WHOLE_MAX
        && value.trunc() == value
        && (value != 0.0 || value.is_sign_positive())
    {
        let mut scratch = [0; 20];
        return out.extend_from_slice(super::write_i64(value as i64, &mut scratch));
    }
    if !value.is_finite() {
        let text = if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        };
        return out.extend_from_slice(text.as_bytes());
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    // One digit, a point, sixteen digits, and an exponent of at most five bytes.
    let mut buffer = [0; 32];
    let mut rest = &mut buffer[..];
    write!(rest, "{:.16e}", value.abs()).expect("the buffer has room for any double");
    let unused = rest.len();
    let text = &buffer[..buffer.len() - unused];
    let exponent = text[19..].strip_prefix(b"-").map_or_else(
        || parse_exponent(&text[19..]),
        |digits| -parse_exponent(digits),
    );
    let mut digits = [text[0]; 17];
    digits[1..].copy_from_slice(&text[2..18]);
    let significant = digits
        .iter()
        .rposition(|&digit| digit != b'0')
        .map_or(1, |last| last + 1);
    let digits = &digits[..significant];
    match usize::try_from(exponent) {
        Ok(exponent) if exponent < 17 => {
            for position in 0..digits.len().max(exponent + 1) {
                if position == exponent + 1 {
                    out.push(b'.');
                }
                out.push(digits.get(position).copied().unwrap_or(b'0'));
            }
        }
        Err(_) if exponent >= -4 => {
            out.extend_from_slice(&b"0.000"[..(1 - exponent) as usize]);
            out.extend_from_slice(digits);
        }
        _ => {
            out.push(digits[0]);
            if significant > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(out, "e{sign}{:02}", exponent.abs()).expect("writing to a vector cannot fail");
        }
    }
}

/// The exponent Rust's formatting wrote: one to three digits.
fn parse_exponent(digits: &[u8]) -> i32 {
    digits.iter().fold(0, |exponent, &digit| {
        exponent * 10 + i32::from(digit - b'0')
    })
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

    fn format(value: f64) -> String {
        let mut out = Vec::new();
        format_f64(value, &mut out);
        String::from_utf8(out).expect("digits are text")
    }

    #[test]
    fn doubles_are_shown_as_zscore_shows_them() {
        for (value, shown) in [
            (3.0, "3"),
            (17.5, "17.5"),
            (0.1, "0.10000000000000001"),
            (-0.1, "-0.10000000000000001"),
            (1e15, "1000000000000000"),
            (12_345_678_901_234_568.0, "12345678901234568"),
            (1e17, "1e+17"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e20, "1e+20"),
            (1e100, "1e+100"),
            (-1.5e300, "-1.5000000000000001e+300"),
            (1e-4, "0.0001"),
            (1e-5, "1.0000000000000001e-05"),
            (0.00001234, "1.234e-05"),
            (0.001, "0.001"),
            (5e-324, "4.9406564584124654e-324"),
            (2.141_592_653_589_79, "2.14159265358979"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (0.0, "0"),
            (-0.0, "-0"),
        ] {
            assert_eq!(format(value), shown);
        }
    }

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
    fn what_is_shown_reads_back() {
        let mut bits = 1u64;
        for _ in 0..20_000 {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(bits);
            if value.is_finite() {
                assert_eq!(parse_f64(format(value).as_bytes()), Some(value));
            }
        }
    }
}
