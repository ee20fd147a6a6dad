//! The `math` library. `math.random` gives the sequence Redis gives for a seed.

use crate::heap::Heap;
use crate::native::{Call, Flow, LibraryEntry, NativeResult};
use crate::shortcut::{ShortFunction, Shortcut};
use crate::value::Value;
use std::f64::consts::PI;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// In the order on which that of `pairs` depends.
const ENTRIES: &[LibraryEntry] = &[
    ("abs", |call| map(call, f64::abs)),
    ("acos", |call| map(call, f64::acos)),
    ("asin", |call| map(call, f64::asin)),
    ("atan", |call| map(call, f64::atan)),
    ("atan2", |call| map_two(call, f64::atan2)),
    ("ceil", |call| map(call, f64::ceil)),
    ("cosh", |call| map(call, f64::cosh)),
    ("cos", |call| map(call, f64::cos)),
    ("deg", |call| map(call, |angle| angle / (PI / 180.0))),
    ("exp", |call| map(call, f64::exp)),
    ("floor", |call| map(call, f64::floor)),
    ("fmod", |call| map_two(call, |a, b| a % b)),
    ("frexp", frexp),
    ("ldexp", ldexp),
    ("log", |call| map(call, f64::ln)),
    ("log10", |call| map(call, f64::log10)),
    ("max", |call| {
        select(call, |candidate, best| candidate > best)
    }),
    ("min", |call| {
        select(call, |candidate, best| candidate < best)
    }),
    ("modf", modf),
    ("pow", |call| map_two(call, f64::powf)),
    ("rad", |call| map(call, |angle| angle * (PI / 180.0))),
    ("random", random),
    ("randomseed", randomseed),
    ("sinh", |call| map(call, f64::sinh)),
    ("sin", |call| map(call, f64::sin)),
    ("sqrt", |call| map(call, f64::sqrt)),
    ("tanh", |call| map(call, f64::tanh)),
    ("tan", |call| map(call, f64::tan)),
];

/// The functions of one and two numbers and those that choose one of many, if all arguments are numbers.
const SHORTCUTS: &[(&str, Shortcut)] = &[
    ("abs", one(|_, _, arguments| map_short(arguments, f64::abs))),
    (
        "ceil",
        one(|_, _, arguments| map_short(arguments, f64::ceil)),
    ),
    ("cos", one(|_, _, arguments| map_short(arguments, f64::cos))),
    ("exp", one(|_, _, arguments| map_short(arguments, f64::exp))),
    ("floor", one(|_, _, arguments| map_short(arguments, floor))),
    (
        "fmod",
        one(|_, _, arguments| map_two_short(arguments, |a, b| a % b)),
    ),
    ("log", one(|_, _, arguments| map_short(arguments, f64::ln))),
    (
        "max",
        one(|_, _, arguments| select_short(arguments, |candidate, best| candidate > best)),
    ),
    (
        "min",
        one(|_, _, arguments| select_short(arguments, |candidate, best| candidate < best)),
    ),
    (
        "pow",
        one(|_, _, arguments| map_two_short(arguments, f64::powf)),
    ),
    ("sin", one(|_, _, arguments| map_short(arguments, f64::sin))),
    (
        "sqrt",
        one(|_, _, arguments| map_short(arguments, f64::sqrt)),
    ),
];

const fn one(function: ShortFunction) -> Shortcut {
    Shortcut::single(function)
}

/// Adds the library to the global table.
pub fn open(heap: &mut Heap) {
    let library = heap.new_table(0, 32);
    heap.register(library, ENTRIES);
    heap.add_shortcuts(library, SHORTCUTS);
    heap.raw_set_field(library, "pi", Value::Number(PI));
    heap.raw_set_field(library, "huge", Value::Number(f64::INFINITY));
    let fmod = heap.raw_get_field(library, "fmod");
    heap.raw_set_field(library, "mod", fmod);
    super::install(heap, "math", library);
}

#[inline]
fn map(call: &mut Call<'_>, function: impl Fn(f64) -> f64) -> NativeResult {
    let number = call.check_number(1)?;
    call.return_value(function(number))
}

#[inline]
fn map_two(call: &mut Call<'_>, function: impl Fn(f64, f64) -> f64) -> NativeResult {
    // The original's compiler evaluates arguments from the last to the first.
    let second = call.check_number(2)?;
    let first = call.check_number(1)?;
    call.return_value(function(first, second))
}

#[inline]
fn select(call: &mut Call<'_>, better: impl Fn(f64, f64) -> bool) -> NativeResult {
    let mut best = call.check_number(1)?;
    for index in 2..=call.argument_count() {
        let candidate = call.check_number(index)?;
        if better(candidate, best) {
            best = candidate;
        }
    }
    call.return_value(best)
}

#[inline]
fn map_short(arguments: &[Value], function: impl Fn(f64) -> f64) -> Option<Value> {
    match *arguments {
        [Value::Number(number), ..] => Some(Value::Number(function(number))),
        _ => None,
    }
}

#[inline]
fn map_two_short(arguments: &[Value], function: impl Fn(f64, f64) -> f64) -> Option<Value> {
    match *arguments {
        [Value::Number(first), Value::Number(second), ..] => {
            Some(Value::Number(function(first, second)))
        }
        _ => None,
    }
}

#[inline]
fn select_short(arguments: &[Value], better: impl Fn(f64, f64) -> bool) -> Option<Value> {
    let (&Value::Number(mut best), rest) = arguments.split_first()? else {
        return None;
    };
    for value in rest {
        let &Value::Number(candidate) = value else {
            return None;
        };
        if better(candidate, best) {
            best = candidate;
        }
    }
    Some(Value::Number(best))
}

/// `f64::floor` without a call for the usual numbers.
#[inline]
fn floor(number: f64) -> f64 {
    let whole = number as i64 as f64;
    // Beyond 2^52 there are no fractions; infinities, NaN and the sign of a zero stay as they are.
    if whole == number || !(-4503599627370496.0..4503599627370496.0).contains(&number) {
        number
    } else if whole > number {
        whole - 1.0
    } else {
        whole
    }
}

fn modf(call: &mut Call<'_>) -> NativeResult {
    let number = call.check_number(1)?;
    let whole = number.trunc();
    let fraction = if number.is_infinite() {
        0.0
    } else {
        number - whole
    };
    call.push(whole);
    // NaN keeps its sign, and so does the fraction of a whole number.
    call.push(if number.is_nan() {
        number
    } else {
        fraction.copysign(number)
    });
    Ok(Flow::Return(2))
}

fn frexp(call: &mut Call<'_>) -> NativeResult {
    let number = call.check_number(1)?;
    let (mantissa, exponent) = split(number);
    call.push(mantissa);
    call.push(f64::from(exponent));
    Ok(Flow::Return(2))
}

/// A number as a mantissa in [0.5, 1) and a power of two.
fn split(number: f64) -> (f64, i32) {
    if number == 0.0 || !number.is_finite() {
        return (number, 0);
    }
    let exponent_bits = |number: f64| (number.to_bits() >> 52 & 0x7ff) as i32;
    let (number, shift) = match exponent_bits(number) {
        // Subnormal: 2^54 makes it normal.
        0 => (number * 18014398509481984.0, 54),
        _ => (number, 0),
    };
    let exponent = exponent_bits(number) - 1022;
    let mantissa = f64::from_bits(number.to_bits() & !(0x7ff << 52) | 1022 << 52);
    (mantissa, exponent - shift)
}

fn ldexp(call: &mut Call<'_>) -> NativeResult {
    let exponent = call.check_integer(2)? as i32;
    let number = call.check_number(1)?;
    call.return_value(scale(number, exponent))
}

/// `number × 2^exponent`, rounded once.
fn scale(number: f64, exponent: i32) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return number;
    }
    let power = |exponent: i32| f64::from_bits(((exponent + 1023) as u64) << 52);
    let (mantissa, own) = split(number);
    let total = own.saturating_add(exponent);
    if total > 1024 {
        return f64::INFINITY.copysign(number);
    }
    if total < -1080 {
        return 0.0_f64.copysign(number);
    }
    // The mantissa times a normal power is exact; only the last step can round.
    if total > -1021 {
        mantissa * 2.0 * power(total - 1)
    } else {
        mantissa * power(total + 1000) * power(-1000)
    }
}

/// The generator behind `math.random`: the 48-bit linear congruential one of `drand48`, which Redis carries along so that a
/// seed means the same sequence everywhere. Clones share the sequence: a host with several VMs can let them draw from one.
#[derive(Clone, Debug)]
pub struct Random {
    state: Arc<AtomicU64>,
}

/// The generator's largest value, and what its values are divided by.
const RANDOM_MAX: u32 = i32::MAX as u32;
const STATE_MASK: u64 = (1 << 48) - 1;

impl Default for Random {
    /// The state a fresh server starts with.
    fn default() -> Random {
        Random {
            state: Arc::new(AtomicU64::new(0x1234_abcd_330e)),
        }
    }
}

impl Random {
    /// Starts the sequence of a seed.
    pub fn seed(&self, seed: i32) {
        let state = u64::from(seed as u32) << 16 | 0x330e;
        self.state.store(state, Ordering::Relaxed);
    }

    /// The next 31 bits.
    fn next(&self) -> u32 {
        let step = |state: u64| state.wrapping_mul(0x5_deec_e66d).wrapping_add(0xb) & STATE_MASK;
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let next = step(state);
            match self.state.compare_exchange_weak(
                state,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return (next >> 17) as u32,
                Err(other) => state = other,
            }
        }
    }

    /// The next number in [0, 1).
    pub fn next_fraction(&self) -> f64 {
        f64::from(self.next() % RANDOM_MAX) / f64::from(RANDOM_MAX)
    }
}

fn random(call: &mut Call<'_>) -> NativeResult {
    let libraries = &call.runtime.libraries;
    let sequence = libraries.seeded.as_ref().unwrap_or(&libraries.random);
    let fraction = sequence.next_fraction();
    match call.argument_count() {
        0 => call.return_value(fraction),
        1 => {
            let last = call.check_integer(1)? as i32;
            if last < 1 {
                return Err(call.argument_error(1, "interval is empty"));
            }
            call.return_value((fraction * f64::from(last)).floor() + 1.0)
        }
        2 => {
            let first = call.check_integer(1)? as i32;
            let last = call.check_integer(2)? as i32;
            if first > last {
                return Err(call.argument_error(2, "interval is empty"));
            }
            // 5.1 computes the width as a C int, which wraps around.
            let width = last.wrapping_sub(first).wrapping_add(1);
            call.return_value((fraction * f64::from(width)).floor() + f64::from(first))
        }
        _ => Err(call.error("wrong number of arguments")),
    }
}

fn randomseed(call: &mut Call<'_>) -> NativeResult {
    let seed = call.check_integer(1)? as i32;
    let sequence = Random::default();
    sequence.seed(seed);
    call.runtime.libraries.seeded = Some(sequence);
    Ok(Flow::Return(0))
}

#[cfg(test)]
#[allow(
    clippy::excessive_precision,
    reason = "the digits are those the original prints"
)]
mod tests {
    use super::*;

    /// Printed by redis-server 7.0.15 with `%.17g`.
    #[test]
    fn the_random_sequence_is_that_of_redis() {
        let fresh = Random::default();
        assert_eq!(fresh.next_fraction(), 0.39646477363839039);
        assert_eq!(fresh.next_fraction(), 0.84048536971234034);
        let seeded = Random::default();
        seeded.seed(1);
        assert_eq!(seeded.next_fraction(), 0.041630344484760586);
        assert_eq!(seeded.next_fraction(), 0.45449244484980239);
        assert_eq!(seeded.next_fraction(), 0.83481721851733381);
        let zero = Random::default();
        zero.seed(0);
        assert_eq!(zero.next_fraction(), 0.1708280361121651);
    }

    #[test]
    fn floor_is_that_of_the_standard_library() {
        for number in [
            0.0,
            -0.0,
            0.5,
            -0.5,
            1.0,
            -1.0,
            1.5,
            -1.5,
            4503599627370495.5,
            -4503599627370495.5,
            4503599627370496.0,
            9e15,
            -9e15,
            1e300,
            f64::INFINITY,
            f64::NEG_INFINITY,
            5e-324,
            -5e-324,
        ] {
            assert_eq!(
                floor(number).to_bits(),
                number.floor().to_bits(),
                "{number}"
            );
        }
        assert!(floor(f64::NAN).is_nan());
    }

    #[test]
    fn splitting_and_scaling_are_inverse_to_the_last_bit() {
        for number in [1.0, -3.5, 1e300, 5e-324, 0.1, f64::MIN_POSITIVE, f64::MAX] {
            let (mantissa, exponent) = split(number);
            assert!((0.5..1.0).contains(&mantissa.abs()));
            assert_eq!(scale(mantissa, exponent), number);
        }
        assert_eq!(scale(1.0, -1074), 5e-324);
        assert_eq!(scale(1.0, -1075), 0.0);
        assert_eq!(scale(1.5, -1075), 5e-324);
        assert_eq!(scale(1e300, -1080), 7.7197757162694777e-26);
        assert_eq!(scale(5e-324, 2000), 5.6725193347083399e+278);
        assert_eq!(scale(-1.0, 2000), f64::NEG_INFINITY);
        assert_eq!(scale(1.0, 1023), 2.0_f64.powi(1023));
        assert_eq!(scale(1.0, i32::MAX), f64::INFINITY);
        assert_eq!(scale(1.0, i32::MIN), 0.0);
    }
}
