//! Numbers as text, both ways, exactly as Lua 5.1 on glibc shows them.
//!
//! Reading follows `strtod`: decimal and hexadecimal integers and fractions, `inf`, `infinity`, `nan` and
//! `nan(…)` in any case, and surrounding white space. Writing follows printf's `%.14g`, which is what `tostring`,
//! `..`, `cjson` and `table.concat` show.
//!
//! Correct rounding comes from Rust's exact formatter. In front of it stands a fast path: a double multiplied or
//! divided by an exact power of ten is off by at most half a unit in its last place, so its nearest integer is the
//! correctly rounded digit string unless the fraction lies close to one half.

use std::fmt::{self, Write};

/// Most significant digits the fast path may produce: beyond it half a unit in the last place is no longer small
/// against one half.
const FAST_DIGITS: usize = 14;

/// The powers of ten that a double holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

const INTEGER_POWERS_OF_TEN: [u64; 16] = {
    let mut table = [1_u64; 16];
    let mut index = 1;
    while index < table.len() {
        table[index] = table[index - 1] * 10;
        index += 1;
    }
    table
};

/// A number's text in place, without a heap allocation.
#[derive(Clone, Copy)]
pub struct NumberText {
    bytes: [u8; 32],
    length: u8,
}

impl NumberText {
    fn new() -> NumberText {
        NumberText {
            bytes: [0; 32],
            length: 0,
        }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[usize::from(self.length)] = byte;
        self.length += 1;
    }

    fn extend(&mut self, text: &[u8]) {
        let start = usize::from(self.length);
        self.bytes[start..start + text.len()].copy_from_slice(text);
        self.length += text.len() as u8;
    }

    fn fill(&mut self, byte: u8, count: usize) {
        let start = usize::from(self.length);
        self.bytes[start..start + count].fill(byte);
        self.length += count as u8;
    }

    /// The bytes of the text; always ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl std::ops::Deref for NumberText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for NumberText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", String::from_utf8_lossy(self.as_bytes()))
    }
}

/// Whether C's `isspace` holds for `byte` in the C locale.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The number a whole text stands for, as `tonumber`, arithmetic on strings and the lexer read it; `None` when it is
/// not a number. As in 5.1 the text ends at its first NUL.
pub fn parse(text: &[u8]) -> Option<f64> {
    if let Some(number) = parse_short_integer(text) {
        return Some(number);
    }
    let text = match memchr::memchr(0, text) {
        Some(end) => &text[..end],
        None => text,
    };
    let (number, length) = parse_prefix(text)?;
    text[length..]
        .iter()
        .all(|&byte| is_space(byte))
        .then_some(number)
}

/// The common case, a few plain digits.
fn parse_short_integer(text: &[u8]) -> Option<f64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    let mut value = 0_u64;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value as f64)
}

/// The longest number that `text` starts with and its length in bytes, leading white space included: C's `strtod`.
/// `None` when it starts with no number.
pub fn parse_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let mut at = text.iter().take_while(|&&byte| is_space(byte)).count();
    let start = at;
    let negative = text.get(at) == Some(&b'-');
    if matches!(text.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    let signed = |number: f64| if negative { -number } else { number };
    match text.get(at)? {
        b'0' if matches!(text.get(at + 1), Some(b'x' | b'X')) => {
            let (number, length) = match parse_hexadecimal(&text[at + 2..]) {
                Some((number, length)) => (number, length + 2),
                None => (0.0, 1),
            };
            Some((signed(number), at + length))
        }
        b'0'..=b'9' | b'.' => {
            let length = decimal_length(&text[at..])?;
            let digits = std::str::from_utf8(&text[start..at + length]).ok()?;
            Some((digits.parse().ok()?, at + length))
        }
        b'i' | b'I' => {
            let length = [&b"infinity"[..], b"inf"]
                .iter()
                .find(|word| starts_with_word(&text[at..], word))?
                .len();
            Some((signed(f64::INFINITY), at + length))
        }
        b'n' | b'N' if starts_with_word(&text[at..], b"nan") => {
            at += 3;
            if text.get(at) == Some(&b'(') {
                let word = text[at + 1..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
                let close = at + 1 + word.count();
                if text.get(close) == Some(&b')') {
                    at = close + 1;
                }
            }
            Some((f64::NAN.copysign(if negative { -1.0 } else { 1.0 }), at))
        }
        _ => None,
    }
}

fn starts_with_word(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word)
}

/// Length of the decimal number at the start of `text`; `None` when its mantissa has no digit.
fn decimal_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        text[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let whole = digits(0);
    let mut end = whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'-' | b'+')));
        let exponent = digits((end + 1 + sign).min(text.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    Some(end)
}

/// The hexadecimal number behind a `0x` and its length; `None` without a digit.
fn parse_hexadecimal(text: &[u8]) -> Option<(f64, usize)> {
    let mut mantissa = 0_u64;
    let mut sticky = false;
    let mut exponent = 0_i64;
    let mut digits = 0_usize;
    let mut point = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte == b'.' && !point {
            point = true;
        } else if let Some(digit) = char::from(byte).to_digit(16) {
            digits += 1;
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if point { 4 } else { 0 };
            } else {
                sticky |= digit != 0;
                exponent += if point { 0 } else { 4 };
            }
        } else {
            break;
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    if matches!(text.get(at), Some(b'p' | b'P')) {
        let negative = text.get(at + 1) == Some(&b'-');
        let first = at + 1 + usize::from(matches!(text.get(at + 1), Some(b'-' | b'+')));
        let mut end = first;
        let mut power = 0_i64;
        while let Some(digit) = text
            .get(end)
            .and_then(|&byte| char::from(byte).to_digit(10))
        {
            // Far beyond any double, and far from overflow when digits of the mantissa weigh against it.
            power = (power * 10 + i64::from(digit)).min(1 << 40);
            end += 1;
        }
        if end > first {
            exponent += if negative { -power } else { power };
            at = end;
        }
    }
    Some((scale(mantissa, exponent, sticky), at))
}

/// `mantissa * 2^exponent` rounded to nearest even; `sticky` says that non-zero bits were cut off below.
fn scale(mantissa: u64, exponent: i64, sticky: bool) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let zeros = mantissa.leading_zeros();
    let normalized = mantissa << zeros;
    let leading = exponent + 63 - i64::from(zeros);
    if leading > 1023 {
        return f64::INFINITY;
    }
    let precision = if leading >= -1022 {
        53
    } else {
        53 - (-1022 - leading)
    };
    if precision < 0 {
        return 0.0;
    }
    let shift = 64 - precision as u32;
    let kept = (u128::from(normalized) >> shift) as u64;
    let rest = u128::from(normalized) & ((1_u128 << shift) - 1);
    let half = 1_u128 << (shift - 1);
    let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
    let rounded = kept + u64::from(up);
    if leading >= -1022 {
        // A carry out of the mantissa runs into the exponent, which is what rounding up to a power of two needs.
        f64::from_bits((((leading + 1023) as u64) << 52) + (rounded - (1 << 52)))
    } else {
        f64::from_bits(rounded)
    }
}

/// The unsigned integer a whole text stands for in `base` (2 to 36), as `tonumber(text, base)` reads it with C's
/// `strtoul`: a minus sign wraps around 2^64, overflow saturates.
pub fn parse_in_base(text: &[u8], base: u32) -> Option<f64> {
    let text = match memchr::memchr(0, text) {
        Some(end) => &text[..end],
        None => text,
    };
    let mut at = text.iter().take_while(|&&byte| is_space(byte)).count();
    let negative = text.get(at) == Some(&b'-');
    if matches!(text.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    let digit_at = |at: usize| {
        text.get(at)
            .and_then(|&byte| char::from(byte).to_digit(base))
    };
    if base == 16
        && text.get(at) == Some(&b'0')
        && matches!(text.get(at + 1), Some(b'x' | b'X'))
        && digit_at(at + 2).is_some()
    {
        at += 2;
    }
    let first = at;
    let mut value = Some(0_u64);
    while let Some(digit) = digit_at(at) {
        value = value
            .and_then(|value| value.checked_mul(u64::from(base)))
            .and_then(|value| value.checked_add(u64::from(digit)));
        at += 1;
    }
    if at == first || !text[at..].iter().all(|&byte| is_space(byte)) {
        return None;
    }
    Some(match value {
        Some(value) if negative => value.wrapping_neg() as f64,
        Some(value) => value as f64,
        None => u64::MAX as f64,
    })
}

/// The text of a number as `tostring` gives it (`%.14g`).
pub fn to_text(number: f64) -> NumberText {
    to_text_with(number, 14)
}

/// The text of a number with `precision` significant digits, 1 to 17 (`%.<precision>g`).
pub fn to_text_with(number: f64, precision: usize) -> NumberText {
    let precision = precision.clamp(1, 17);
    let mut text = NumberText::new();
    if precision == 14 && number.abs() < 1e14 {
        let whole = number as i64;
        if whole as f64 == number && (whole != 0 || number.is_sign_positive()) {
            text.extend(itoa::Buffer::new().format(whole).as_bytes());
            return text;
        }
    }
    if number.is_sign_negative() {
        text.push(b'-');
    }
    if !number.is_finite() {
        text.extend(if number.is_nan() { b"nan" } else { b"inf" });
        return text;
    }
    let digits = Digits::of(number.abs(), precision);
    write_shortened(&mut text, digits.as_bytes(), digits.exponent, precision);
    text
}

/// Appends the text of a number as `tostring` gives it.
pub fn write_number(out: &mut Vec<u8>, number: f64) {
    out.extend_from_slice(to_text(number).as_bytes());
}

/// `%g` from the digits, trailing zeros dropped.
fn write_shortened(text: &mut NumberText, digits: &[u8], exponent: i32, precision: usize) {
    let significant = digits
        .iter()
        .rposition(|&digit| digit != b'0')
        .map_or(1, |last| last + 1);
    let digits = &digits[..significant];
    if exponent < -4 || exponent >= precision as i32 {
        text.push(digits[0]);
        if digits.len() > 1 {
            text.push(b'.');
            text.extend(&digits[1..]);
        }
        write_exponent(exponent, b'e', |byte| text.push(byte));
    } else if exponent < 0 {
        text.extend(b"0.");
        text.fill(b'0', (-exponent - 1) as usize);
        text.extend(digits);
    } else {
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            text.extend(digits);
            text.fill(b'0', whole - digits.len());
        } else {
            text.extend(&digits[..whole]);
            text.push(b'.');
            text.extend(&digits[whole..]);
        }
    }
}

/// An exponent as printf writes it: the letter, a sign and at least two digits.
pub(crate) fn write_exponent(exponent: i32, letter: u8, mut push: impl FnMut(u8)) {
    push(letter);
    push(if exponent < 0 { b'-' } else { b'+' });
    let magnitude = exponent.unsigned_abs();
    if magnitude >= 100 {
        push(b'0' + (magnitude / 100) as u8);
    }
    push(b'0' + (magnitude / 10 % 10) as u8);
    push(b'0' + (magnitude % 10) as u8);
}

/// The correctly rounded first decimal digits of a finite, non-negative number.
pub(crate) struct Digits {
    bytes: [u8; 128],
    length: usize,
    /// Decimal exponent of the first digit: the value is `d.ddd × 10^exponent`.
    pub(crate) exponent: i32,
}

impl Digits {
    /// `count` (1 to 100) digits of `number`.
    pub(crate) fn of(number: f64, count: usize) -> Digits {
        let mut digits = Digits {
            bytes: [b'0'; 128],
            length: count,
            exponent: 0,
        };
        if number == 0.0 {
            return digits;
        }
        if let Some((value, exponent)) = fast_digits(number, count) {
            let mut buffer = itoa::Buffer::new();
            let text = buffer.format(value).as_bytes();
            digits.bytes[..text.len()].copy_from_slice(text);
            digits.exponent = exponent;
            return digits;
        }
        digits.length = 0;
        let mut writer = DigitWriter {
            digits: &mut digits,
            in_exponent: false,
            negative: false,
        };
        // The writer takes everything it is given, so this cannot fail.
        let _ = write!(writer, "{number:.*e}", count - 1);
        if writer.negative {
            digits.exponent = -digits.exponent;
        }
        digits
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Takes Rust's `d.ddde-dd` apart as it is written.
struct DigitWriter<'a> {
    digits: &'a mut Digits,
    in_exponent: bool,
    negative: bool,
}

impl Write for DigitWriter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'e' => self.in_exponent = true,
                b'-' => self.negative = true,
                b'0'..=b'9' if self.in_exponent => {
                    self.digits.exponent = self.digits.exponent * 10 + i32::from(byte - b'0');
                }
                b'0'..=b'9' => {
                    self.digits.bytes[self.digits.length] = byte;
                    self.digits.length += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// `count` digits as an integer of exactly that many digits, and the decimal exponent of the first; `None` when the
/// fast path can't be sure.
fn fast_digits(number: f64, count: usize) -> Option<(u64, i32)> {
    if count > FAST_DIGITS || !(1e-7..1e21).contains(&number) {
        return None;
    }
    let binary_exponent = (number.to_bits() >> 52) as i32 - 1023;
    // log10(2) as 1233/4096: right or one too small in this range.
    let mut exponent = (binary_exponent * 1233) >> 12;
    let lower = INTEGER_POWERS_OF_TEN[count - 1];
    let mut scaled = scale_by_ten(number, count as i32 - 1 - exponent)?;
    if scaled >= (lower * 10) as f64 {
        exponent += 1;
        scaled = scale_by_ten(number, count as i32 - 1 - exponent)?;
    }
    let mut value = certain_round(scaled)?;
    if value == lower * 10 {
        value = lower;
        exponent += 1;
    }
    (value >= lower && value < lower * 10).then_some((value, exponent))
}

/// `number × 10^power` with one rounding.
fn scale_by_ten(number: f64, power: i32) -> Option<f64> {
    let factor = *POWERS_OF_TEN.get(power.unsigned_abs() as usize)?;
    Some(if power >= 0 {
        number * factor
    } else {
        number / factor
    })
}

/// The nearest integer to the exact value behind `scaled` (off by at most half a unit in its last place, below 10^15);
/// `None` when that is too close to call.
fn certain_round(scaled: f64) -> Option<u64> {
    let whole = scaled as u64;
    let fraction = scaled - whole as f64;
    if (fraction - 0.5).abs() < 0.02 {
        return None;
    }
    Some(whole + u64::from(fraction > 0.5))
}

/// `number × 10^decimals` rounded correctly, for a finite, non-negative number, if it is below 10^14 and easy to tell.
pub(crate) fn fast_fixed(number: f64, decimals: usize) -> Option<u64> {
    if decimals >= POWERS_OF_TEN.len() {
        return None;
    }
    let scaled = number * POWERS_OF_TEN[decimals];
    if scaled < 1e14 {
        certain_round(scaled)
    } else {
        None
    }
}

#[cfg(test)]
#[allow(
    clippy::excessive_precision,
    reason = "the digits are those the original prints"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(number: f64) -> String {
        String::from_utf8(to_text(number).to_vec()).unwrap()
    }

    #[test]
    fn reads_what_strtod_reads() {
        let cases: &[(&str, Option<f64>)] = &[
            ("0x", None),
            ("0x10", Some(16.0)),
            ("-0x10", Some(-16.0)),
            ("0x1p4", Some(16.0)),
            ("0x.8", Some(0.5)),
            ("0x1p", None),
            ("0X1P-2", Some(0.25)),
            ("inf", Some(f64::INFINITY)),
            ("-INFINITY", Some(f64::NEG_INFINITY)),
            ("infinit", None),
            (" 12 ", Some(12.0)),
            ("\t\n\x0b\x0c\r1\x0b", Some(1.0)),
            ("1e5", Some(1e5)),
            ("1e", None),
            ("1e+", None),
            ("1.", Some(1.0)),
            (".", None),
            (".5", Some(0.5)),
            ("5.e3", Some(5000.0)),
            ("--1", None),
            ("- 1", None),
            ("+1", Some(1.0)),
            ("1e400", Some(f64::INFINITY)),
            ("1\0abc", Some(1.0)),
            ("", None),
            ("  ", None),
            ("0x 1", None),
            ("1 2", None),
            ("0x1.fffffffffffff8p0", Some(2.0)),
            ("0x1p-1075", Some(0.0)),
            ("0x1.8p-1074", Some(1e-323)),
            ("0x1.8p-1075", Some(5e-324)),
            ("0x1p99999999999", Some(f64::INFINITY)),
            ("0x0p99999999999", Some(0.0)),
            ("0x8000000000000001", Some(9.223372036854775808e18)),
            ("0xffffffffffffffffff", Some(4722366482869645213696.0)),
            ("1e99999999999999999999", Some(f64::INFINITY)),
            ("0x.", None),
            ("1_000", None),
            ("0x1pp", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes()), *expected, "{text:?}");
        }
        for text in ["nan", "NAN(12)", "nan()"] {
            assert!(
                parse(text.as_bytes())
                    .is_some_and(|number| number.is_nan() && number.is_sign_positive())
            );
        }
        assert!(parse(b"-nan").is_some_and(|number| number.is_nan() && number.is_sign_negative()));
        assert_eq!(parse(b"nan(a-b)"), None);
    }

    #[test]
    fn reads_in_a_base_as_strtoul() {
        let all = u64::MAX as f64;
        let cases: &[(&str, u32, Option<f64>)] = &[
            ("10", 16, Some(16.0)),
            ("-10", 16, Some(all)),
            ("zz", 36, Some(1295.0)),
            ("8", 8, None),
            ("0x10", 16, Some(16.0)),
            (" 11 ", 2, Some(3.0)),
            ("99999999999999999999999", 11, Some(all)),
            ("1e1", 16, Some(481.0)),
            ("-ffffffffffffffffff", 16, Some(all)),
            ("0x", 16, None),
            ("1\0", 16, Some(1.0)),
            ("+7", 8, Some(7.0)),
            ("", 10, None),
        ];
        for (text, base, expected) in cases {
            assert_eq!(
                parse_in_base(text.as_bytes(), *base),
                *expected,
                "{text:?} in {base}"
            );
        }
    }

    #[test]
    fn writes_as_percent_14_g() {
        let cases: &[(f64, &str)] = &[
            (0.0, "0"),
            (-0.0, "-0"),
            (1e14, "1e+14"),
            (99999999999999.0, "99999999999999"),
            (123456789012345.0, "1.2345678901234e+14"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.33333333333333"),
            (2.0 / 3.0, "0.66666666666667"),
            (1e-5, "1e-05"),
            (1e-4, "0.0001"),
            (123.456, "123.456"),
            (1e300, "1e+300"),
            (5e-324, "4.9406564584125e-324"),
            (f64::MAX, "1.7976931348623e+308"),
            (9007199254740992.0, "9.007199254741e+15"),
            (-1.5, "-1.5"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (-f64::NAN, "-nan"),
            (12345678901234567.0, "1.2345678901235e+16"),
            (0.5, "0.5"),
            (99999999999999.5, "1e+14"),
        ];
        for (number, expected) in cases {
            assert_eq!(show(*number), *expected);
        }
    }

    proptest! {
        #[test]
        fn the_fast_path_agrees_with_exact_formatting(bits in any::<u64>(), count in 1_usize..=17, narrow in any::<bool>()) {
            let mut number = f64::from_bits(bits).abs();
            if narrow {
                number = (bits % 100_000_000) as f64 / [1.0, 10.0, 64.0, 1000.0, 3.0][(bits >> 60) as usize % 5];
            }
            prop_assume!(number.is_finite());
            let digits = Digits::of(number, count);
            let exact = format!("{:.*e}", count - 1, number);
            let (mantissa, exponent) = exact.split_once('e').unwrap();
            let mantissa = mantissa.replace('.', "");
            prop_assert_eq!(mantissa.as_bytes(), digits.as_bytes());
            prop_assert_eq!(exponent.parse::<i32>().unwrap(), digits.exponent);
        }

        #[test]
        fn any_bytes_parse_without_panic(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            parse(&text);
            parse_prefix(&text);
            parse_in_base(&text, 16);
        }

        #[test]
        fn hexadecimal_integers_agree_with_rust(value in any::<u64>()) {
            prop_assert_eq!(parse(format!("0x{value:x}").as_bytes()), Some(value as f64));
        }

        #[test]
        fn seventeen_digits_round_trip(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(!number.is_nan());
            prop_assert_eq!(parse(&to_text_with(number, 17)), Some(number));
        }
    }
}
