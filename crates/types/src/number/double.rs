//! Scores: double-precision numbers as commands take and replies show them.

/// Reads a double as C's `strtod` does: decimal, hexadecimal (`0x1.8p3`), `inf` and `infinity` in any case, each with an
/// optional sign. The whole text must be the number: no spaces, no rest. NaN, and finite decimals outside the
/// double's range, are `None`.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let infinite =
        unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity");
    let value: f64 = text.parse().ok()?;
    (infinite || value.is_finite()).then_some(value)
}

/// Writes a double with 17 significant digits, trailing zeros dropped, as C's `%.17g` does: `3`, `0.10000000000000001`,
/// `1e+20`, `inf`. This is how ZSCORE shows a score.
pub fn format_f64(value: f64, out: &mut Vec<u8>) {
    if value.is_infinite() || value.is_nan() {
        let text = if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        };
        return out.extend_from_slice(text.as_bytes());
    }
    let text = format!("{value:.16e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let significant = digits
        .iter()
        .rposition(|&digit| digit != b'0')
        .map_or(1, |last| last + 1);
    let digits = &digits[..significant];
    out.extend_from_slice(sign.as_bytes());
    if !(-4..17).contains(&exponent) {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(
            format!(
                "e{}{:02}",
                if exponent < 0 { '-' } else { '+' },
                exponent.abs()
            )
            .as_bytes(),
        );
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        out.extend_from_slice(digits);
    } else {
        let whole = exponent as usize + 1;
        for position in 0..whole.max(digits.len()) {
            if position == whole {
                out.push(b'.');
            }
            out.push(digits.get(position).copied().unwrap_or(b'0'));
        }
    }
}
