//! Floating-point numbers as the protocol prints them: C's `%.17g`, which every double survives.

use std::io::Write;

/// Appends `value` as C's `printf("%.17g")` prints it, `inf`, `-inf`, `nan` and `-0` included.
pub fn write_double(value: f64, out: &mut Vec<u8>) {
    // Integers below 2^53 are exact and have at most 16 digits: no rounding, no exponent.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.abs() < EXACT && value.trunc() == value && !(value == 0.0 && value.is_sign_negative())
    {
        #[expect(clippy::cast_possible_truncation, reason = "integral and within ±2^53")]
        let integer = value as i64;
        out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
        return;
    }
    write_general(value, 17, out);
}

/// More significant digits than anything here prints; a double has no more than 17 that matter.
const DIGITS_MAX: usize = 24;

/// Appends `value` as C's `printf("%.<digits>g")` prints it; `digits` is from 1 to 24.
pub fn write_general(value: f64, digits: usize, out: &mut Vec<u8>) {
    if value.is_nan() {
        out.extend_from_slice(if value.is_sign_negative() {
            b"-nan"
        } else {
            b"nan"
        });
        return;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    if value.is_infinite() {
        out.extend_from_slice(b"inf");
        return;
    }
    let digits = digits.clamp(1, DIGITS_MAX);
    // The figures, a point, `e` and an exponent of at most four bytes.
    let mut buffer = [0; DIGITS_MAX + 8];
    let mut rest = &mut buffer[..];
    write!(rest, "{value:.*e}", digits - 1).expect("the buffer has room for any double");
    let unused = rest.len();
    let end = buffer.len() - unused;
    let letter = memchr::memrchr(b'e', &buffer[..end]).expect("the form has an exponent");
    let exponent = std::str::from_utf8(&buffer[letter + 1..end])
        .ok()
        .and_then(|text| text.parse::<i32>().ok())
        .expect("an exponent is a number");
    // The point goes: the first figure moves into its place.
    let figures = if digits > 1 {
        buffer[1] = buffer[0];
        &buffer[1..letter]
    } else {
        &buffer[..letter]
    };
    let significant = figures
        .iter()
        .rposition(|&figure| figure != b'0')
        .map_or(1, |last| last + 1);
    let figures = &figures[..significant];
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= limit {
        out.push(figures[0]);
        if figures.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&figures[1..]);
        }
        out.push(b'e');
        out.push(if exponent < 0 { b'-' } else { b'+' });
        if exponent.unsigned_abs() < 10 {
            out.push(b'0');
        }
        out.extend_from_slice(
            itoa::Buffer::new()
                .format(exponent.unsigned_abs())
                .as_bytes(),
        );
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(
            b'0',
            exponent.unsigned_abs() as usize - 1,
        ));
        out.extend_from_slice(figures);
    } else {
        let whole = exponent.unsigned_abs() as usize + 1;
        if figures.len() <= whole {
            out.extend_from_slice(figures);
            out.extend(std::iter::repeat_n(b'0', whole - figures.len()));
        } else {
            out.extend_from_slice(&figures[..whole]);
            out.push(b'.');
            out.extend_from_slice(&figures[whole..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        write_double(value, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn prints_as_redis_server_does() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (0.1, "0.10000000000000001"),
            (1e-5, "1.0000000000000001e-05"),
            (5e-324, "4.9406564584124654e-324"),
            (-1e300, "-1.0000000000000001e+300"),
            (1e15, "1000000000000000"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123_456_789_012_345_678.0, "1.2345678901234568e+17"),
            (1e21, "1e+21"),
            (7.141, "7.141"),
            (0.30000000000000004, "0.30000000000000004"),
            (0.0001, "0.0001"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (100_000.0, "100000"),
            (-7.0, "-7"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected);
        }
        assert_eq!(text(f64::NAN.copysign(-1.0)), "-nan");
    }

    proptest::proptest! {
        #[test]
        fn every_double_survives(bits: u64) {
            let value = f64::from_bits(bits);
            proptest::prop_assume!(value.is_finite());
            let back: f64 = text(value).parse().expect("a number");
            proptest::prop_assert_eq!(back.to_bits(), value.to_bits());
        }
    }
}
