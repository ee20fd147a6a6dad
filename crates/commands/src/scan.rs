//! The options that SCAN and its kin share.

use types::glob;

use crate::argument::{self, is_word};
use crate::error::CommandError;

/// How many elements a call looks at if it is not told.
const COUNT: usize = 10;

/// `[MATCH pattern] [COUNT count]`
pub(crate) struct ScanOptions<'a> {
    /// What elements must match; `None` for all.
    pattern: Option<&'a [u8]>,
    /// How many elements to look at, at least 1.
    pub count: usize,
}

impl<'a> ScanOptions<'a> {
    /// Reads the arguments behind the cursor.
    ///
    /// # Errors
    /// [`CommandError::Syntax`] and [`CommandError::NotInteger`].
    pub fn parse(words: &[&'a [u8]]) -> Result<ScanOptions<'a>, CommandError> {
        ScanOptions::parse_with(words, |_, _| false)
    }

    /// As [`ScanOptions::parse`] for a command that has options of its own: `other` says whether it knows a word, whose
    /// value it gets too.
    pub fn parse_with(
        words: &[&'a [u8]],
        mut other: impl FnMut(&[u8], &'a [u8]) -> bool,
    ) -> Result<ScanOptions<'a>, CommandError> {
        let mut options = ScanOptions {
            pattern: None,
            count: COUNT,
        };
        for option in words.chunks(2) {
            let [word, value] = *option else {
                return Err(CommandError::Syntax);
            };
            if is_word(word, "match") {
                options.pattern = (value != b"*").then_some(value);
            } else if is_word(word, "count") {
                let count = argument::integer(value)?;
                options.count = usize::try_from(count)
                    .ok()
                    .filter(|&count| count > 0)
                    .ok_or(CommandError::Syntax)?;
            } else if !other(word, value) {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }

    /// Whether an element matches the pattern.
    pub fn matches(&self, element: &[u8]) -> bool {
        self.pattern
            .is_none_or(|pattern| glob::matches(pattern, element, false))
    }
}
