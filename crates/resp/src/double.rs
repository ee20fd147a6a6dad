//! Floating-point numbers as the protocol prints them: C's `%.17g`, which every double survives.

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

/// Appends `value` as C's `printf("%.<digits>g")` prints it; `digits` is at least 1.
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
    let digits = digits.max(1);
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let figures: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
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
