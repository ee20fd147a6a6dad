//! The numbers INCRBYFLOAT and HINCRBYFLOAT compute with.

use super::parse_f64;

/// A finite number of the x87 80-bit extended format, or an infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extended(f64);

impl Extended {
    /// Reads a number as C's `strtold` does, with the rules of [`parse_f64`](super::parse_f64).
    pub fn parse(text: &[u8]) -> Option<Self> {
        parse_f64(text).map(Self)
    }

    /// Whether this is neither infinite nor not a number.
    pub fn is_finite(self) -> bool {
        self.0.is_finite()
    }

    /// The sum, rounded to nearest; `None` if it is infinite or not a number.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let sum = self.0 + other.0;
        sum.is_finite().then_some(Self(sum))
    }

    /// Writes the number without exponent, with at most 17 decimals and no trailing zeros.
    pub fn format(self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{}", self.0).as_bytes());
    }
}

impl From<i64> for Extended {
    fn from(integer: i64) -> Self {
        Self(integer as f64)
    }
}
