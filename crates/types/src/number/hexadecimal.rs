//! Hexadecimal floating-point numbers, which C's `strtod` and `strtold` read.

/// Bits of the mantissa that are kept; lower ones only count as zero or not.
const KEPT_BITS: u32 = 120;

/// Reads what follows `0x`: hexadecimal digits with an optional point, then optionally `p` and a
/// decimal exponent of two. The number is the mantissa × 2^exponent; the mantissa's lowest bit
/// stands for all lower ones that are not zero.
pub(super) fn parse(text: &[u8]) -> Option<(u128, i32)> {
    let digits_end = text
        .iter()
        .position(|byte| byte.eq_ignore_ascii_case(&b'p'))
        .unwrap_or(text.len());
    let mut mantissa: u128 = 0;
    let mut exponent: i64 = 0;
    let mut digit_count = 0;
    let mut in_fraction = false;
    for &byte in &text[..digits_end] {
        if byte == b'.' && !in_fraction {
            in_fraction = true;
            continue;
        }
        let digit = char::from(byte).to_digit(16)?;
        digit_count += 1;
        if mantissa >> (KEPT_BITS - 4) == 0 {
            mantissa = mantissa << 4 | u128::from(digit);
            exponent -= if in_fraction { 4 } else { 0 };
        } else {
            mantissa |= u128::from(digit != 0);
            exponent += if in_fraction { 0 } else { 4 };
        }
    }
    if digit_count == 0 {
        return None;
    }
    if digits_end < text.len() {
        exponent = exponent.saturating_add(parse_exponent(&text[digits_end + 1..])?);
    }
    // Any exponent beyond a million is out of every format's range.
    Some((mantissa, exponent.clamp(-1_000_000, 1_000_000) as i32))
}

/// Reads the digits of an exponent with their sign. Numbers of any length are read; huge ones
/// saturate.
pub(super) fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = super::double::split_sign(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude = digits.iter().fold(0i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    Some(if negative { -magnitude } else { magnitude })
}
