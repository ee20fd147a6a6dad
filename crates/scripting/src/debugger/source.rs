//! The lines of a script's text.

/// A text in lines.
pub(super) struct Source {
    lines: Vec<Box<[u8]>>,
}

impl Source {
    /// The lines of `text`; empty ones at the end are none.
    pub(super) fn new(text: &[u8]) -> Source {
        let mut lines: Vec<Box<[u8]>> = text
            .split(|&byte| byte == b'\n')
            .map(|line| line.into())
            .collect();
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        Source { lines }
    }

    /// How many lines there are.
    pub(super) fn count(&self) -> u32 {
        self.lines.len() as u32
    }

    /// A line, from 1.
    pub(super) fn line(&self, number: u32) -> &[u8] {
        let index = (number as usize).checked_sub(1);
        match index.and_then(|index| self.lines.get(index)) {
            Some(line) => line,
            None => b"<out of range source code line>",
        }
    }
}
