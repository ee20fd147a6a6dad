//! The ends of ranges as arguments: `5`, `(5`, `-inf`; `[m`, `(m`, `-`, `+`.

use types::number::parse_f64;
use types::zset::{LexBound, LexRange, ScoreBound, ScoreRange};

use crate::error::CommandError;

/// A range of scores.
///
/// # Errors
/// The text Redis has for what is no score.
pub(super) fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, CommandError> {
    match (score_bound(min), score_bound(max)) {
        (Some(min), Some(max)) => Ok(ScoreRange { min, max }),
        _ => Err(CommandError::text("ERR min or max is not a float")),
    }
}

/// A range of members.
///
/// # Errors
/// The text Redis has for what is no end of such a range.
pub(super) fn lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, CommandError> {
    match (lex_bound(min), lex_bound(max)) {
        (Some(min), Some(max)) => Ok(LexRange { min, max }),
        _ => Err(CommandError::text(
            "ERR min or max not valid string range item",
        )),
    }
}

fn score_bound(argument: &[u8]) -> Option<ScoreBound> {
    match argument {
        [b'(', score @ ..] => score_as_strtod(score).map(ScoreBound::Exclusive),
        score => score_as_strtod(score).map(ScoreBound::Inclusive),
    }
}

/// Ends are read with less care than scores: a zero byte ends them, nothing at all is 0, leading white space is skipped,
/// and what is out of range is infinite or 0.
fn score_as_strtod(text: &[u8]) -> Option<f64> {
    let text = types::up_to_zero(text);
    if text.is_empty() {
        return Some(0.0);
    }
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
    let start = text.iter().position(|byte| !is_space(byte))?;
    let text = &text[start..];
    parse_f64(text).or_else(|| {
        let score: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
        (!score.is_nan()).then_some(score)
    })
}

fn lex_bound(argument: &[u8]) -> Option<LexBound<'_>> {
    match argument {
        b"-" => Some(LexBound::Min),
        b"+" => Some(LexBound::Max),
        [b'[', member @ ..] => Some(LexBound::Inclusive(member)),
        [b'(', member @ ..] => Some(LexBound::Exclusive(member)),
        _ => None,
    }
}
