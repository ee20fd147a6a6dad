//! Natural numbers of any size, as far as exact decimal conversion of floating-point numbers needs
//! them.

use std::cmp::Ordering;

/// A natural number: 32-bit limbs, the lowest first, none of the highest zero.
#[derive(Clone, Debug)]
pub(super) struct Natural(Vec<u32>);

impl Natural {
    /// The number `digits` writes in decimal; all of them must be ASCII digits.
    pub fn from_decimal(digits: &[u8]) -> Self {
        let mut number = Self(Vec::new());
        for group in digits.chunks(9) {
            let value = group
                .iter()
                .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
            number.multiply_add(10u32.pow(group.len() as u32), value);
        }
        number
    }

    pub fn from_u64(value: u64) -> Self {
        let mut number = Self(vec![value as u32, (value >> 32) as u32]);
        number.trim();
        number
    }

    pub fn bit_length(&self) -> usize {
        self.0
            .last()
            .map_or(0, |limb| self.0.len() * 32 - limb.leading_zeros() as usize)
    }

    pub fn multiply_by_power_of_ten(&mut self, mut power: usize) {
        while power > 0 {
            let step = power.min(9);
            self.multiply_add(10u32.pow(step as u32), 0);
            power -= step;
        }
    }

    pub fn shift_left(&mut self, bits: usize) {
        if self.0.is_empty() {
            return;
        }
        let (limbs, bits) = (bits / 32, bits % 32);
        self.multiply_add(1 << bits, 0);
        self.0.splice(0..0, std::iter::repeat_n(0, limbs));
    }

    /// The quotient by `divisor`, which must fit 128 bits, and whether there is a remainder.
    pub fn divide(mut self, divisor: &Self) -> (u128, bool) {
        let excess = self.bit_length().saturating_sub(divisor.bit_length());
        let mut divisor = divisor.clone();
        divisor.shift_left(excess);
        let mut quotient = 0;
        for _ in 0..=excess {
            quotient <<= 1;
            if self.compare(&divisor) != Ordering::Less {
                self.subtract(&divisor);
                quotient |= 1;
            }
            divisor.halve();
        }
        (quotient, !self.0.is_empty())
    }

    /// The decimal digits, at least one.
    pub fn into_decimal(mut self) -> Vec<u8> {
        let mut digits = Vec::new();
        while !self.0.is_empty() {
            let mut group = self.divide_small(1_000_000_000);
            for _ in 0..9 {
                digits.push(b'0' + (group % 10) as u8);
                group /= 10;
            }
        }
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            digits.push(b'0');
        }
        digits.reverse();
        digits
    }

    fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn divide_small(&mut self, divisor: u32) -> u32 {
        let mut remainder = 0;
        for limb in self.0.iter_mut().rev() {
            let value = remainder << 32 | u64::from(*limb);
            *limb = (value / u64::from(divisor)) as u32;
            remainder = value % u64::from(divisor);
        }
        self.trim();
        remainder as u32
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for limb in self.0.iter_mut().rev() {
            let low = *limb & 1;
            *limb = *limb >> 1 | carry << 31;
            carry = low;
        }
        self.trim();
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0
            .len()
            .cmp(&other.0.len())
            .then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Takes `other`, which is not greater, off.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (position, limb) in self.0.iter_mut().enumerate() {
            let (value, first) = limb.overflowing_sub(other.0.get(position).copied().unwrap_or(0));
            let (value, second) = value.overflowing_sub(u32::from(borrow));
            *limb = value;
            borrow = first || second;
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}
