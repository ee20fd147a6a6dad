//! What SSCAN, HSCAN and ZSCAN take behind their cursor.

use types::glob;

use crate::argument::{self, is_word};
use crate::error::CommandError;

/// How many elements a call looks at if it is not told.
const COUNT: usize = 10;

/// `[MATCH pattern] [COUNT count]`
pub(crate) struct ScanOptions<'a> {
    /// `None`: everything.
    pattern: Option<&'a [u8]>,
    /// How many elements to look at, at least one.
    pub(crate) count: usize,
}

impl<'a> ScanOptions<'a> {
    /// Reads the words behind the cursor. Redis does so only when it has found the key.
    ///
    /// # Errors
    /// That a word or its value is not what the command takes.
    pub(crate) fn parse(words: &[&'a [u8]]) -> Result<ScanOptions<'a>, CommandError> {
        let mut options = ScanOptions {
            pattern: None,
            count: COUNT,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = *words.next().ok_or(CommandError::Syntax)?;
            if is_word(word, "match") {
                options.pattern = (value != b"*").then_some(value);
            } else if is_word(word, "count") {
                let count = argument::integer(value)?;
                options.count = usize::try_from(count)
                    .ok()
                    .filter(|&count| count > 0)
                    .ok_or(CommandError::Syntax)?;
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }

    /// Whether an element of this name is to be answered.
    pub(crate) fn wants(&self, name: &[u8]) -> bool {
        self.pattern
            .is_none_or(|pattern| glob::matches(pattern, name, false))
    }
}
