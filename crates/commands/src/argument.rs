//! Reading arguments, with the errors that clients know.

use types::number::Extended;

use crate::error::CommandError;

/// A 64-bit integer.
///
/// # Errors
/// [`CommandError::NotInteger`].
pub fn integer(argument: &[u8]) -> Result<i64, CommandError> {
    types::number::parse_i64(argument).ok_or(CommandError::NotInteger)
}

/// An integer of 32 bits, which is what Redis numbers databases with.
///
/// # Errors
/// [`CommandError::NotInteger`], or the text Redis has for integers beyond 32 bits.
pub fn integer_of_32_bits(argument: &[u8]) -> Result<i32, CommandError> {
    i32::try_from(integer(argument)?).map_err(|_| {
        CommandError::text(
            "ERR value is out of range, value must between -2147483648 and 2147483647",
        )
    })
}

/// A number, possibly infinite.
///
/// # Errors
/// [`CommandError::NotFloat`].
pub fn float(argument: &[u8]) -> Result<f64, CommandError> {
    types::number::parse_f64(argument).ok_or(CommandError::NotFloat)
}

/// Whether the argument is this word, in any case. `word` is given in lower case.
pub fn is_word(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}

/// The time-out of a blocking command: seconds with a fraction, 0 for ever. Returns milliseconds, rounded up.
///
/// # Errors
/// The texts Redis has for what is no number, and for what is negative; numbers too large for a 64-bit integer count as
/// negative there.
pub fn timeout_seconds(argument: &[u8]) -> Result<Option<i64>, CommandError> {
    // Time-outs are read in extended precision: 1e400 is a number, if too large a one, and -0.001 is a little less than
    // a millisecond, so it counts as 0.
    let seconds = Extended::parse(argument).ok_or(CommandError::text(
        "ERR timeout is not a float or out of range",
    ))?;
    let milliseconds = seconds
        .times_rounded_up(1000)
        .filter(|&milliseconds| milliseconds >= 0)
        .ok_or(CommandError::text("ERR timeout is negative"))?;
    Ok((milliseconds > 0).then_some(milliseconds))
}

/// A count that may be 0 but not negative.
///
/// # Errors
/// [`CommandError::MustBePositive`], also for what is no integer.
pub fn positive(argument: &[u8]) -> Result<usize, CommandError> {
    types::number::parse_i64(argument)
        .and_then(|count| usize::try_from(count).ok())
        .ok_or(CommandError::MustBePositive)
}

/// How many elements SRANDMEMBER, HRANDFIELD and ZRANDMEMBER are to choose; negative: possibly several times the same.
///
/// # Errors
/// [`CommandError::NotInteger`], or the text Redis has for the one integer that cannot be negated.
pub fn sample_count(argument: &[u8]) -> Result<i64, CommandError> {
    match integer(argument)? {
        i64::MIN => Err(CommandError::text(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )),
        count => Ok(count),
    }
}

/// Whether a reply may hold this many elements chosen with repetition: Redis does not refuse any number, but no memory
/// holds the reply to more.
///
/// # Errors
/// [`CommandError::OutOfRange`].
pub fn check_repeats(count: usize) -> Result<(), CommandError> {
    if count <= i32::MAX as usize {
        Ok(())
    } else {
        Err(CommandError::OutOfRange)
    }
}

/// The LIMIT of SINTERCARD and ZINTERCARD; 0: none.
///
/// # Errors
/// The text Redis has for what is negative or no integer.
pub fn intersection_limit(argument: &[u8]) -> Result<usize, CommandError> {
    positive(argument).map_err(|_| CommandError::text("ERR LIMIT can't be negative"))
}

/// The bytes from `start` to `end`, both inclusive and counted from the end if negative, of a string of `length` bytes.
pub fn byte_range(start: i64, end: i64, length: usize) -> std::ops::Range<usize> {
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    clamped_range(start, end, length)
}

/// As [`byte_range`], but both ends are first moved into the string: what lies wholly before it is its first byte.
pub fn clamped_range(start: i64, end: i64, length: usize) -> std::ops::Range<usize> {
    let length = length as i64;
    let from_end = |index: i64| {
        if index < 0 {
            index.saturating_add(length).max(0)
        } else {
            index
        }
    };
    let (start, end) = (from_end(start), from_end(end).min(length - 1));
    if start > end {
        0..0
    } else {
        start as usize..end as usize + 1
    }
}

/// The elements from `start` to `stop`, both inclusive and counted from the tail if negative, of a list or an order of
/// `length`. Unlike with strings, what lies wholly before the first element is nothing.
pub fn index_range(start: i64, stop: i64, length: usize) -> std::ops::Range<usize> {
    let length = length as i64;
    let from_tail = |index: i64| {
        if index < 0 {
            index.saturating_add(length)
        } else {
            index
        }
    };
    let start = from_tail(start).max(0);
    let stop = from_tail(stop).min(length - 1);
    if start > stop {
        0..0
    } else {
        start as usize..stop as usize + 1
    }
}

/// Whether a string may grow to `length` and `more` bytes; `limit` is `proto-max-bulk-len`.
///
/// # Errors
/// The text Redis has for a string that is too long.
pub fn check_string_length(length: u64, more: u64, limit: u64) -> Result<(), CommandError> {
    match length.checked_add(more) {
        Some(total) if total <= limit => Ok(()),
        _ => Err(CommandError::text(
            "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
        )),
    }
}

/// The cursor of SCAN and its kin, as C's `strtoul` reads it: nothing at all is 0, and a minus sign wraps.
///
/// # Errors
/// The text Redis has for what is no cursor.
pub fn cursor(argument: &[u8]) -> Result<u64, CommandError> {
    let (negative, digits) = match argument {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let valid =
        digits.iter().all(u8::is_ascii_digit) && (!digits.is_empty() || argument.is_empty());
    let value = digits.iter().try_fold(0u64, |value, digit| {
        value
            .checked_mul(10)?
            .checked_add(u64::from(digit.wrapping_sub(b'0')))
    });
    match value {
        Some(value) if valid => Ok(if negative {
            value.wrapping_neg()
        } else {
            value
        }),
        _ => Err(CommandError::text("ERR invalid cursor")),
    }
}
