//! Reading arguments, with the errors that clients know.

use crate::error::CommandError;

/// A 64-bit integer.
///
/// # Errors
/// [`CommandError::NotInteger`].
pub fn integer(argument: &[u8]) -> Result<i64, CommandError> {
    types::number::parse_i64(argument).ok_or(CommandError::NotInteger)
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

/// The time-out of a blocking command: seconds with a fraction, 0 for ever. Returns milliseconds.
///
/// # Errors
/// The texts Redis has for what is no number, negative or too large.
pub fn timeout_seconds(argument: &[u8]) -> Result<Option<i64>, CommandError> {
    let seconds = types::number::parse_f64(argument).ok_or(CommandError::text(
        "ERR timeout is not a float or out of range",
    ))?;
    if seconds < 0.0 {
        return Err(CommandError::text("ERR timeout is negative"));
    }
    let milliseconds = (seconds * 1000.0).ceil();
    if milliseconds > i64::MAX as f64 {
        return Err(CommandError::text("ERR timeout is out of range"));
    }
    Ok((milliseconds > 0.0).then_some(milliseconds as i64))
}
