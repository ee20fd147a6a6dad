//! The numbers INCRBYFLOAT and HINCRBYFLOAT compute with.
//!
//! Redis computes them in C's `long double`, which on x86-64 is the x87 80-bit format: a mantissa
//! of 64 bits and exponents to 2^16383. Its replies show more digits than a double has, so the same
//! format is done here in software: reading rounds a decimal number correctly, adding rounds to
//! nearest even, and writing shows 17 decimals of the exact value.

use super::double::{is_infinity, split_sign};
use super::hexadecimal;
use super::natural::Natural;

/// Longest text that is read as a number, in bytes.
const TEXT_MAX: usize = 5119;

/// Bits of the mantissa.
const BITS: u32 = 64;

/// The exponent of the lowest bit of the smallest number.
const EXPONENT_MIN: i32 = -16445;

/// The exponent of the lowest bit of the largest number.
const EXPONENT_MAX: i32 = 16320;

/// Decimals that are shown.
const DECIMALS: usize = 17;

/// A number of the x87 80-bit format that is not NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extended {
    negative: bool,
    magnitude: Magnitude,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Magnitude {
    /// `mantissa` × 2^`exponent`. The mantissa's highest bit is set unless the exponent is the
    /// lowest there is.
    Finite {
        mantissa: u64,
        exponent: i32,
    },
    Infinite,
}

impl Extended {
    /// Reads a number as C's `strtold` does: decimal, hexadecimal (`0x1.8p3`), `inf` and `infinity`
    /// in any case, each with an optional sign. The whole text must be the number: no spaces, no
    /// rest. NaN, numbers too large or too small for the format, and texts above 5,119 bytes, are
    /// `None`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let (negative, unsigned) = split_sign(text);
        if is_infinity(unsigned) {
            return Some(Self {
                negative,
                magnitude: Magnitude::Infinite,
            });
        }
        let (mantissa, exponent) = match unsigned {
            [b'0', b'x' | b'X', digits @ ..] => hexadecimal::parse(digits)?,
            _ => parse_decimal(unsigned)?,
        };
        let number = Self::rounded(negative, mantissa, exponent)?;
        (mantissa == 0 || !number.is_zero()).then_some(number)
    }

    /// Whether this is no infinity.
    pub fn is_finite(self) -> bool {
        self.magnitude != Magnitude::Infinite
    }

    /// The sum, rounded to nearest; `None` if it is infinite or not a number.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (
            Magnitude::Finite {
                mantissa: left,
                exponent: left_exponent,
            },
            Magnitude::Finite {
                mantissa: right,
                exponent: right_exponent,
            },
        ) = (self.magnitude, other.magnitude)
        else {
            return None;
        };
        if left == 0 || right == 0 {
            // Only two negative zeros make a negative zero.
            return Some(match (left, right) {
                (0, 0) => Self {
                    negative: self.negative && other.negative,
                    ..self
                },
                (0, _) => other,
                _ => self,
            });
        }
        if (left_exponent, left) < (right_exponent, right) {
            return other.checked_add(self);
        }
        // Two bits of room for the carry, 62 below the mantissa for what rounding needs to know of
        // the smaller number.
        const ROOM: u32 = 62;
        let shift = (left_exponent - right_exponent) as u32;
        let left = u128::from(left) << ROOM;
        let right = shift_right_sticky(u128::from(right) << ROOM, shift);
        let sum = if self.negative == other.negative {
            left + right
        } else {
            left - right
        };
        Self::rounded(self.negative && sum != 0, sum, left_exponent - ROOM as i32)
    }

    /// The product with `factor`, rounded as the format rounds it and then up to an integer; `None` if it does not fit.
    pub fn times_rounded_up(self, factor: u32) -> Option<i64> {
        let Magnitude::Finite { mantissa, exponent } = self.magnitude else {
            return None;
        };
        let product = u128::from(mantissa) * u128::from(factor);
        let (mantissa, exponent) = round(product, exponent, BITS, EXPONENT_MIN);
        if exponent > 0 {
            // The highest of 64 bits is set.
            return None;
        }
        let below_one = exponent.unsigned_abs();
        let whole = mantissa.checked_shr(below_one).unwrap_or(0);
        let has_rest = mantissa != 0 && mantissa.trailing_zeros() < below_one;
        let size = (whole + u128::from(has_rest && !self.negative)) as i128;
        i64::try_from(if self.negative { -size } else { size }).ok()
    }

    /// Writes the number without exponent, with at most 17 decimals and no trailing zeros.
    /// Infinities are written `inf` and `-inf`.
    pub fn format(self, out: &mut Vec<u8>) {
        let Magnitude::Finite { mantissa, exponent } = self.magnitude else {
            return out.extend_from_slice(if self.negative { b"-inf" } else { b"inf" });
        };
        let start = out.len();
        if self.negative {
            out.push(b'-');
        }
        if exponent >= 0 {
            let mut whole = Natural::from_u64(mantissa);
            whole.shift_left(exponent as usize);
            return out.extend_from_slice(&whole.into_decimal());
        }
        // 10^17 takes 57 bits, so the product fits.
        let scaled = u128::from(mantissa) * 10u128.pow(DECIMALS as u32);
        let mut scaled = shift_right_rounded(scaled, exponent.unsigned_abs());
        if scaled == 0 {
            out.truncate(start);
            return out.push(b'0');
        }
        let mut digits = [b'0'; 40];
        let mut first = digits.len();
        while scaled > 0 {
            first -= 1;
            digits[first] = b'0' + (scaled % 10) as u8;
            scaled /= 10;
        }
        let point = digits.len() - DECIMALS;
        out.extend_from_slice(&digits[first.min(point - 1)..point]);
        let decimals = &digits[point..];
        if let Some(last) = decimals.iter().rposition(|&digit| digit != b'0') {
            out.push(b'.');
            out.extend_from_slice(&decimals[..=last]);
        }
    }

    /// The number nearest to `mantissa` × 2^`exponent`; `None` above the format's range.
    fn rounded(negative: bool, mantissa: u128, exponent: i32) -> Option<Self> {
        let (mantissa, exponent) = round(mantissa, exponent, BITS, EXPONENT_MIN);
        let magnitude = Magnitude::Finite {
            mantissa: mantissa as u64,
            exponent,
        };
        (exponent <= EXPONENT_MAX).then_some(Self {
            negative,
            magnitude,
        })
    }

    fn is_zero(self) -> bool {
        matches!(self.magnitude, Magnitude::Finite { mantissa: 0, .. })
    }
}

impl From<i64> for Extended {
    fn from(integer: i64) -> Self {
        let (mantissa, exponent) = round(integer.unsigned_abs().into(), 0, BITS, EXPONENT_MIN);
        let magnitude = Magnitude::Finite {
            mantissa: mantissa as u64,
            exponent,
        };
        Self {
            negative: integer < 0,
            magnitude,
        }
    }
}

/// Rounds `mantissa` × 2^`exponent` to the nearest number with a mantissa of `bits` bits, ties to
/// even. The result's mantissa has exactly that many bits unless its exponent would be below
/// `exponent_min`. The lowest bit of the argument may stand for all lower ones that are not zero.
pub(super) fn round(mantissa: u128, exponent: i32, bits: u32, exponent_min: i32) -> (u128, i32) {
    if mantissa == 0 {
        return (0, exponent_min);
    }
    let length = 128 - mantissa.leading_zeros();
    let wanted = (exponent + length as i32 - bits as i32).max(exponent_min);
    if wanted <= exponent {
        return (mantissa << (exponent - wanted), wanted);
    }
    let rounded = shift_right_rounded(mantissa, (wanted - exponent) as u32);
    if rounded >> bits != 0 {
        (rounded >> 1, wanted + 1)
    } else {
        (rounded, wanted)
    }
}

/// `value` / 2^`shift`, rounded to nearest, ties to even.
fn shift_right_rounded(value: u128, shift: u32) -> u128 {
    match shift {
        0 => value,
        1..128 => {
            let quotient = value >> shift;
            let remainder = value - (quotient << shift);
            let half = 1 << (shift - 1);
            quotient + u128::from(remainder > half || (remainder == half && quotient & 1 == 1))
        }
        128 => u128::from(value > 1 << 127),
        _ => 0,
    }
}

/// `value` / 2^`shift`; the lowest bit is set if any bit was lost.
fn shift_right_sticky(value: u128, shift: u32) -> u128 {
    match value.checked_shr(shift) {
        Some(quotient) => quotient | u128::from(quotient << shift != value),
        None => u128::from(value != 0),
    }
}

/// Reads a decimal number without sign: digits with an optional point, then optionally `e` and an
/// exponent. The number is the mantissa × 2^exponent; the mantissa's lowest bit stands for all
/// lower ones that are not zero.
fn parse_decimal(text: &[u8]) -> Option<(u128, i32)> {
    let digits_end = text
        .iter()
        .position(|byte| byte.eq_ignore_ascii_case(&b'e'))
        .unwrap_or(text.len());
    let mut digits = Vec::with_capacity(digits_end);
    let mut power: i64 = 0;
    let mut in_fraction = false;
    let mut digit_count = 0;
    for &byte in &text[..digits_end] {
        match byte {
            b'.' if !in_fraction => in_fraction = true,
            b'0'..=b'9' => {
                digit_count += 1;
                power -= i64::from(in_fraction);
                if byte != b'0' || !digits.is_empty() {
                    digits.push(byte);
                }
            }
            _ => return None,
        }
    }
    if digit_count == 0 {
        return None;
    }
    if digits_end < text.len() {
        power = power.saturating_add(hexadecimal::parse_exponent(&text[digits_end + 1..])?);
    }
    while digits.last() == Some(&b'0') {
        digits.pop();
        power += 1;
    }
    if digits.is_empty() {
        return Some((0, 0));
    }
    // The format's numbers lie between 10^-4951 and 10^4933.
    match power.saturating_add(digits.len() as i64) {
        ..-5_000 => Some((1, -1_000_000)),
        5_000.. => Some((1, 1_000_000)),
        _ => Some(scale(&digits, power as i32)),
    }
}

/// `digits` × 10^`power` as a mantissa of at least 66 bits, the lowest sticky, and an exponent of
/// two.
fn scale(digits: &[u8], power: i32) -> (u128, i32) {
    /// 5^27 is the largest power of five below 2^64.
    const POWER_OF_FIVE_MAX: u32 = 27;
    if digits.len() <= 19 && (-(POWER_OF_FIVE_MAX as i32)..=0).contains(&power) {
        let value = digits
            .iter()
            .fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        let shift = 64 + value.leading_zeros();
        let dividend = u128::from(value) << shift;
        let divisor = u128::from(5u64.pow(power.unsigned_abs()));
        let quotient = dividend / divisor;
        let sticky = u128::from(quotient * divisor != dividend);
        return (quotient | sticky, power - shift as i32);
    }
    let mut dividend = Natural::from_decimal(digits);
    let mut divisor = Natural::from_u64(1);
    match usize::try_from(power) {
        Ok(power) => dividend.multiply_by_power_of_ten(power),
        Err(_) => divisor.multiply_by_power_of_ten(power.unsigned_abs() as usize),
    }
    let shift = 67 + divisor.bit_length() as i32 - dividend.bit_length() as i32;
    match usize::try_from(shift) {
        Ok(shift) => dividend.shift_left(shift),
        Err(_) => divisor.shift_left(shift.unsigned_abs() as usize),
    }
    let (quotient, inexact) = dividend.divide(&divisor);
    (quotient | u128::from(inexact), -shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(left: &str, right: &str) -> Option<String> {
        let sum =
            Extended::parse(left.as_bytes())?.checked_add(Extended::parse(right.as_bytes())?)?;
        let mut out = Vec::new();
        sum.format(&mut out);
        Some(String::from_utf8(out).expect("digits are text"))
    }

    #[test]
    fn what_is_no_number_or_out_of_range_is_refused() {
        for text in [
            "",
            "+",
            ".",
            "e1",
            "1e",
            "0x",
            "nan",
            " 1",
            "1 ",
            "1\0",
            "1e5000",
            "1e-5000",
            "0x1p16384",
            "0x1p-16447",
        ] {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text:?}");
        }
        assert!(Extended::parse(&[b'1'; 4_932]).is_some());
        assert_eq!(Extended::parse(&[b'1'; 4_934]), None);
        assert!(Extended::parse(&[b'0'; 5_119]).is_some());
        assert_eq!(Extended::parse(&[b'0'; 5_120]), None);
        assert_eq!(sum("inf", "1"), None);
        assert_eq!(sum("0x1.fffffffffffffffep16383", "0x1p16320"), None);
    }

    #[test]
    fn integers_are_exact() {
        for integer in [0, 1, -1, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            Extended::from(integer).format(&mut out);
            assert_eq!(out, integer.to_string().as_bytes());
            assert_eq!(Extended::parse(&out), Some(Extended::from(integer)));
        }
    }

    /// Left, right, and what redis-server 7.0.15 on x86-64 replies to INCRBYFLOAT.
    const SUMS: &[(&str, &str, &str)] = &[
        ("0.1", "0.2", "0.3"),
        ("10.50", "0.1", "10.6"),
        ("3.0e3", "200", "3200"),
        ("5.0e3", "2.0e2", "5200"),
        ("1", "0.1", "1.1"),
        ("0.1", "-0.1", "0"),
        ("1e15", "0.1", "1000000000000000.0999755859375"),
        ("1e17", "0.1", "100000000000000000.1015625"),
        ("123456789012345678", "0.5", "123456789012345678.5"),
        ("9223372036854775807", "1", "9223372036854775808"),
        ("-9223372036854775808", "-1", "-9223372036854775809"),
        ("1e20", "1", "100000000000000000000"),
        ("1e30", "1", "1000000000000000000024696061952"),
        ("17179869184", "1.5", "17179869185.5"),
        (
            "3.14159265358979323846",
            "2.71828182845904523536",
            "5.85987448204883847",
        ),
        ("-0", "0", "0"),
        ("-0", "-0", "0"),
        ("1e-17", "0", "0.00000000000000001"),
        ("4e-18", "0", "0"),
        ("5e-18", "0", "0"),
        ("5.0000000000000001e-18", "0", "0.00000000000000001"),
        ("-5e-19", "0", "0"),
        ("1e-400", "1e-400", "0"),
        ("0.5", "0x1p-57", "0.50000000000000001"),
        ("0x1p63", "0x1p-1", "9223372036854775808"),
        ("0x1.8p1", "0xap-3", "4.25"),
        ("1234567.8901", "0.0001", "1234567.89019999999993615"),
        ("1.23", "4.56", "5.79"),
        ("100.01", "-0.01", "100"),
        ("-1.1", "-2.2", "-3.3"),
        ("0.3", "0.6", "0.9"),
        ("99.99", "0.01", "100"),
        ("1e-5", "1e-6", "0.000011"),
        (
            "0.00000000000000001",
            "0.00000000000000002",
            "0.00000000000000003",
        ),
        ("2.675", "0", "2.675"),
        ("1000000000000000000000", "0.001", "1000000000000000000000"),
    ];

    #[test]
    fn sums_are_those_of_incrbyfloat() {
        for (left, right, shown) in SUMS {
            assert_eq!(
                sum(left, right).as_deref(),
                Some(*shown),
                "{left} + {right}"
            );
        }
    }
}
