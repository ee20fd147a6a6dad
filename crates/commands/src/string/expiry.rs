//! The expiry options SET and GETEX share.

use crate::argument::{self, is_word};
use crate::context::Context;
use crate::error::CommandError;

/// How an expiry is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// `EX`: seconds from now.
    Seconds,
    /// `PX`: milliseconds from now.
    Milliseconds,
    /// `EXAT`: Unix time in seconds.
    AtSeconds,
    /// `PXAT`: Unix time in milliseconds.
    AtMilliseconds,
}

impl TimeForm {
    /// The form an option's word stands for.
    pub(super) fn of_word(word: &[u8]) -> Option<TimeForm> {
        Some(match word {
            _ if is_word(word, "ex") => TimeForm::Seconds,
            _ if is_word(word, "px") => TimeForm::Milliseconds,
            _ if is_word(word, "exat") => TimeForm::AtSeconds,
            _ if is_word(word, "pxat") => TimeForm::AtMilliseconds,
            _ => return None,
        })
    }
}

/// The Unix time in milliseconds that `amount` in this form means; `command` is named if it makes no sense.
///
/// # Errors
/// [`CommandError::NotInteger`], or the text of an expiry that is not positive or overflows.
pub(super) fn deadline(
    context: &Context<'_, '_>,
    form: TimeForm,
    amount: &[u8],
    command: &str,
) -> Result<i64, CommandError> {
    let amount = argument::integer(amount)?;
    let milliseconds = match form {
        TimeForm::Seconds | TimeForm::AtSeconds => amount.checked_mul(1000),
        TimeForm::Milliseconds | TimeForm::AtMilliseconds => Some(amount),
    };
    let at = milliseconds.and_then(|milliseconds| match form {
        TimeForm::Seconds | TimeForm::Milliseconds => {
            milliseconds.checked_add(context.keys.now_ms())
        }
        TimeForm::AtSeconds | TimeForm::AtMilliseconds => Some(milliseconds),
    });
    at.filter(|_| amount > 0).ok_or_else(|| {
        CommandError::owned(format!("ERR invalid expire time in '{command}' command"))
    })
}
