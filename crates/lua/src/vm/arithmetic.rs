//! Arithmetic on numbers, as C computes it.

use super::kernel::natural;
use crate::metamethod::Metamethod;
use crate::opcode::Opcode;

/// `a % b`: `a - floor(a / b) * b`.
#[inline(always)]
pub(crate) fn modulo(a: f64, b: f64) -> f64 {
    // Of natural numbers the remainder is exact and takes a third less time, for which the next operation of a chain waits.
    if let (Some(dividend), Some(divisor @ 1..)) = (natural(a), natural(b)) {
        return f64::from(dividend % divisor);
    }
    modulo_of_fractions(a, b)
}

#[inline(never)]
fn modulo_of_fractions(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    // The common case without a call of floor: the quotient is positive and small enough for an integer.
    let floor = if (1.0..4_503_599_627_370_496.0).contains(&quotient) {
        (quotient as i64) as f64
    } else {
        quotient.floor()
    };
    a - floor * b
}

/// `a ^ b`.
#[inline]
pub(crate) fn power(a: f64, b: f64) -> f64 {
    // Squares too: the product can differ from what the C library says in the last digit that scripts see.
    a.powf(b)
}

/// Computes a binary operation by its metamethod's number.
pub(crate) fn compute(event: Metamethod, a: f64, b: f64) -> f64 {
    match event {
        Metamethod::Sub => a - b,
        Metamethod::Mul => a * b,
        Metamethod::Div => a / b,
        Metamethod::Mod => modulo(a, b),
        Metamethod::Pow => power(a, b),
        Metamethod::Negate => -a,
        _ => a + b,
    }
}

/// Where an operand of an arithmetic instruction comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Register,
    Constant,
}

/// The event and the places of the operands `B` and `C` of an arithmetic instruction.
pub(crate) fn shape(opcode: Opcode) -> Option<(Metamethod, Operand, Operand)> {
    use Operand::{Constant, Register};
    Some(match opcode {
        Opcode::Add => (Metamethod::Add, Register, Register),
        Opcode::Sub => (Metamethod::Sub, Register, Register),
        Opcode::Mul => (Metamethod::Mul, Register, Register),
        Opcode::Div => (Metamethod::Div, Register, Register),
        Opcode::Mod => (Metamethod::Mod, Register, Register),
        Opcode::Pow => (Metamethod::Pow, Register, Register),
        Opcode::AddK => (Metamethod::Add, Register, Constant),
        Opcode::SubK => (Metamethod::Sub, Register, Constant),
        Opcode::MulK => (Metamethod::Mul, Register, Constant),
        Opcode::DivK => (Metamethod::Div, Register, Constant),
        Opcode::ModK => (Metamethod::Mod, Register, Constant),
        Opcode::PowK => (Metamethod::Pow, Register, Constant),
        Opcode::KAdd => (Metamethod::Add, Constant, Register),
        Opcode::KSub => (Metamethod::Sub, Constant, Register),
        Opcode::KMul => (Metamethod::Mul, Constant, Register),
        Opcode::KDiv => (Metamethod::Div, Constant, Register),
        Opcode::KMod => (Metamethod::Mod, Constant, Register),
        Opcode::KPow => (Metamethod::Pow, Constant, Register),
        _ => return None,
    })
}
