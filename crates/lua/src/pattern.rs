//! Lua patterns over bytes.
//!
//! A pattern is compiled to a short list of nodes; faults in it are nodes too, since 5.1 complains about a malformed
//! part only when a match reaches it. The matcher keeps its alternatives on a stack of its own, so the depth of
//! backtracking costs no Rust stack, and it counts its steps against a budget: when that runs out the search stops
//! where it is and can be continued, or dropped, by the caller.
//!
//! As in 5.1 a pattern ends at its first NUL (`%z` stands for one), `%f` works though the manual is silent about it,
//! and `^` is an anchor only for those callers that ask for it.

mod compile;
mod matcher;
#[cfg(test)]
mod tests;

pub use matcher::{Capture, Search, Step};

use thiserror::Error;

/// Most captures a pattern may have.
pub const MAX_CAPTURES: usize = 32;

/// Why a pattern cannot be matched; the texts are 5.1's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PatternError {
    /// Nothing follows a `%`.
    #[error("malformed pattern (ends with '%')")]
    EndsWithPercent,
    /// A set has no end.
    #[error("malformed pattern (missing ']')")]
    MissingBracket,
    /// `%b` without its two characters.
    #[error("unbalanced pattern")]
    Unbalanced,
    /// `%f` without a set.
    #[error("missing '[' after '%f' in pattern")]
    MissingFrontierSet,
    /// A `)` that closes nothing.
    #[error("invalid pattern capture")]
    InvalidCapture,
    /// A `%1` or the like for which there is no finished capture.
    #[error("invalid capture index")]
    InvalidCaptureIndex,
    /// A capture that was opened and never closed.
    #[error("unfinished capture")]
    UnfinishedCapture,
    /// More captures than [`MAX_CAPTURES`].
    #[error("too many captures")]
    TooManyCaptures,
    /// More open alternatives than the matcher keeps.
    #[error("pattern too complex")]
    TooComplex,
}

/// A set of bytes: a flag for each, because looking one up is most of what matching does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ByteSet([bool; 256]);

impl ByteSet {
    const EMPTY: ByteSet = ByteSet([false; 256]);

    #[inline(always)]
    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte)] = true;
    }

    fn insert_all(&mut self, other: &ByteSet) {
        for (flag, more) in self.0.iter_mut().zip(&other.0) {
            *flag |= more;
        }
    }

    fn complement(mut self) -> ByteSet {
        for flag in &mut self.0 {
            *flag = !*flag;
        }
        self
    }

    fn is_disjoint(&self, other: &ByteSet) -> bool {
        !self.0.iter().zip(&other.0).any(|(a, b)| *a && *b)
    }
}

/// What one byte of the subject is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Single {
    Any,
    Byte(u8),
    /// Index into the pattern's sets.
    Set(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    One(Single),
    /// `*` and `+`, which takes at least one byte.
    Greedy {
        single: Single,
        least: u8,
        /// Giving bytes back cannot help: what follows matches none of them.
        possessive: bool,
    },
    /// `-`
    Lazy(Single),
    /// `?`
    Optional(Single),
    Open,
    /// `()`
    Position,
    Close,
    /// The digit after the `%`.
    BackReference(u8),
    Balance(u8, u8),
    Frontier(u32),
    /// `$` at the end.
    End,
    Match,
    Fault(PatternError),
}

/// How the candidates for the start of a match are found.
#[derive(Clone, Copy, Debug)]
enum Prefilter {
    None,
    Byte(u8),
    Set(u32),
}

/// Bytes of memory that a pattern takes per byte of its source at most: a set of three bytes.
pub const BYTES_PER_SOURCE_BYTE: usize = 100;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    nodes: Box<[Node]>,
    sets: Box<[ByteSet]>,
    prefilter: Prefilter,
    anchored: bool,
    /// The bytes of a pattern that holds nothing but them.
    literal: Option<Box<[u8]>>,
    word: Option<Word>,
}

/// A pattern that is one repetition with `+`, as those that take a text apart are.
#[derive(Clone, Copy, Debug)]
struct Word {
    /// Index into the pattern's sets.
    set: u32,
    /// Whether the match is captured.
    captured: bool,
}

impl Pattern {
    /// Compiles `source`. With `anchors` a leading `^` ties the match to the start, as `find`, `match` and `gsub` have
    /// it; without (`gmatch`) it stands for itself.
    pub fn new(source: &[u8], anchors: bool) -> Pattern {
        compile::compile(source, anchors)
    }

    /// Whether it takes so little memory that it may be kept: some ten kilobytes at most.
    pub fn is_small(&self) -> bool {
        self.nodes.len() <= 512 && self.sets.len() <= 32
    }

    /// Whether a leading `^` ties matches to where the search starts.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }
}

/// Whether `pattern` holds none of the characters that make `string.find` do more than a plain search. As in 5.1
/// only the part before a NUL counts, and `)` and `]` are not among them.
pub fn is_plain(pattern: &[u8]) -> bool {
    const SPECIAL: [bool; 256] = {
        let mut special = [false; 256];
        let bytes = b"^$*+?.([%-";
        let mut at = 0;
        while at < bytes.len() {
            special[bytes[at] as usize] = true;
            at += 1;
        }
        special
    };
    for &byte in pattern {
        if SPECIAL[usize::from(byte)] {
            return false;
        }
        if byte == 0 {
            break;
        }
    }
    true
}

/// Where `needle` is first found in `subject` at or behind `from`, which is within it.
pub fn find_plain(subject: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let rest = &subject[from..];
    let found = match needle {
        [] => Some(0),
        [byte] => memchr::memchr(*byte, rest),
        _ if rest.len() < 128 || (rest.len() < 2048 && needle.len() <= 16) => {
            find_short(rest, needle)
        }
        _ => memchr::memmem::find(rest, needle),
    };
    found.map(|at| from + at)
}

/// A search without the set-up that pays only on longer subjects.
fn find_short(subject: &[u8], needle: &[u8]) -> Option<usize> {
    let last = subject.len().checked_sub(needle.len())?;
    let (&first, rest) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = memchr::memchr(first, &subject[from..=last]) {
        let at = from + at;
        if subject[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
        if from > last {
            break;
        }
    }
    None
}
