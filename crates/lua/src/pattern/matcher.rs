//! Matching a compiled pattern, with the alternatives on an explicit stack.

use super::{MAX_CAPTURES, Node, Pattern, PatternError, Prefilter, Single, Word};

/// Most alternatives kept at once. A C engine recurses here and dies at about this depth.
const MAX_ALTERNATIVES: usize = 100_000;

/// Bytes a repetition may take between two looks at the budget.
const STRIDE: usize = 1 << 16;

/// What one call of [`Search::run`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A match, as byte offsets into the subject.
    Found {
        /// Offset of its first byte.
        start: usize,
        /// Offset behind its last byte.
        end: usize,
    },
    /// There is none.
    NotFound,
    /// The budget is used up; running again goes on where this stopped.
    OutOfBudget,
}

/// A captured part of the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// From one byte offset to another.
    Span(usize, usize),
    /// `()`: a byte offset, counted from 0.
    Position(usize),
}

/// A capture while matching: `end` may be one of the two marks below.
#[derive(Clone, Copy)]
struct Slot {
    start: u32,
    end: u32,
}

const UNFINISHED: u32 = u32::MAX;
const POSITION: u32 = u32::MAX - 1;

/// What to do when the match fails from here on.
#[derive(Clone, Copy)]
enum Alternative {
    /// Give back one more byte, down to `least`, and go on with `node`.
    Shorter { least: u32, at: u32, node: u32 },
    /// Take one more byte for the lazy `node`.
    Longer { at: u32, node: u32 },
    /// Go on with `node` at `at`.
    Skip { at: u32, node: u32 },
    /// Forget the last capture.
    Unopen,
    /// Open a capture again.
    Unclose { index: u32 },
}

/// The state of a search. It can be kept and used for one search after another.
pub struct Search {
    slots: [Slot; MAX_CAPTURES],
    level: usize,
    alternatives: Vec<Alternative>,
    /// Start of the current attempt.
    start: usize,
    at: usize,
    node: usize,
    /// Where a repetition that was cut short began.
    repeating_from: usize,
    mode: Mode,
    /// Work done beyond the budgets: single steps over long stretches of text.
    debt: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Look for the next start.
    Seek,
    /// Match on.
    Advance,
    /// A repetition was interrupted.
    Repeat,
    /// The last node did not match.
    Retreat,
}

impl Default for Search {
    fn default() -> Search {
        Search {
            slots: [Slot { start: 0, end: 0 }; MAX_CAPTURES],
            level: 0,
            alternatives: Vec::new(),
            start: 0,
            at: 0,
            node: 0,
            repeating_from: 0,
            mode: Mode::Seek,
            debt: 0,
        }
    }
}

#[inline(always)]
fn single_matches(pattern: &Pattern, single: Single, byte: u8) -> bool {
    match single {
        Single::Any => true,
        Single::Byte(expected) => byte == expected,
        Single::Set(set) => pattern.sets[set as usize].contains(byte),
    }
}

/// How many bytes at the start of `text` match.
fn run_length(pattern: &Pattern, single: Single, text: &[u8]) -> usize {
    match single {
        Single::Any => text.len(),
        Single::Byte(expected) => text
            .iter()
            .position(|&byte| byte != expected)
            .unwrap_or(text.len()),
        Single::Set(set) => {
            let set = &pattern.sets[set as usize];
            text.iter()
                .position(|&byte| !set.contains(byte))
                .unwrap_or(text.len())
        }
    }
}

impl Search {
    /// Prepares a search from byte `from` of the subject on.
    #[inline]
    pub fn begin(&mut self, from: usize) {
        self.start = from;
        self.mode = Mode::Seek;
        self.level = 0;
        self.alternatives.clear();
    }

    /// Takes `work` from the budget, and notes what it does not cover.
    #[inline]
    fn spend(&mut self, budget: &mut u64, work: u64) {
        self.debt += work.saturating_sub(*budget);
        *budget = budget.saturating_sub(work);
    }

    /// The work done beyond the budgets since this was last asked.
    pub fn take_debt(&mut self) -> u64 {
        std::mem::take(&mut self.debt)
    }

    /// How many captures the match has.
    #[inline]
    pub fn capture_count(&self) -> usize {
        self.level
    }

    /// Whether all captures of the match were closed.
    #[inline]
    pub(crate) fn captures_are_whole(&self) -> bool {
        self.slots[..self.level]
            .iter()
            .all(|slot| slot.end != UNFINISHED)
    }

    /// Capture `index`, counted from 0, of the match just found.
    ///
    /// # Errors
    ///
    /// It was never closed, or there is none of that number.
    #[inline]
    pub fn capture(&self, index: usize) -> Result<Capture, PatternError> {
        if index >= self.level {
            return Err(PatternError::InvalidCaptureIndex);
        }
        let slot = self.slots[index];
        match slot.end {
            UNFINISHED => Err(PatternError::UnfinishedCapture),
            POSITION => Ok(Capture::Position(slot.start as usize)),
            end => Ok(Capture::Span(slot.start as usize, end as usize)),
        }
    }

    /// Searches for the next word. None if the text is so long that it has to be done in slices.
    #[inline]
    fn run_word(
        &mut self,
        pattern: &Pattern,
        word: Word,
        subject: &[u8],
        budget: &mut u64,
    ) -> Option<Step> {
        let rest = subject.get(self.start..)?;
        if rest.len() > STRIDE {
            return None;
        }
        let set = &pattern.sets[word.set as usize];
        let Some(skipped) = rest.iter().position(|&byte| set.contains(byte)) else {
            self.spend(budget, 1 + rest.len() as u64 / 8);
            return Some(Step::NotFound);
        };
        let start = self.start + skipped;
        let text = &rest[skipped..];
        let taken = text
            .iter()
            .position(|&byte| !set.contains(byte))
            .unwrap_or(text.len());
        self.spend(budget, 2 + (skipped + taken) as u64 / 8);
        let end = start + taken;
        self.level = usize::from(word.captured);
        if word.captured {
            self.slots[0] = Slot {
                start: start as u32,
                end: end as u32,
            };
        }
        Some(Step::Found { start, end })
    }

    /// Searches on, taking what it does from `budget`: about one unit per step or per few bytes skipped. Every call for
    /// one search gets the same pattern and subject. Subjects are shorter than 4 GiB - 2.
    ///
    /// # Errors
    ///
    /// The match reached a fault of the pattern.
    #[inline]
    pub fn run(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        budget: &mut u64,
    ) -> Result<Step, PatternError> {
        if self.mode == Mode::Seek
            && *budget > 0
            && let Some(word) = pattern.word
            && let Some(step) = self.run_word(pattern, word, subject, budget)
        {
            return Ok(step);
        }
        self.run_in_general(pattern, subject, budget)
    }

    fn run_in_general(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        budget: &mut u64,
    ) -> Result<Step, PatternError> {
        if self.mode == Mode::Seek
            && let Some(literal) = &pattern.literal
        {
            return Ok(self.run_literal(pattern, literal, subject, budget));
        }
        loop {
            if self.mode == Mode::Seek {
                if *budget == 0 {
                    return Ok(Step::OutOfBudget);
                }
                if !self.seek(pattern, subject, budget) {
                    return Ok(Step::NotFound);
                }
            }
            match self.attempt(pattern, subject, budget)? {
                Step::NotFound => {
                    if pattern.anchored || self.start >= subject.len() {
                        return Ok(Step::NotFound);
                    }
                    self.start += 1;
                    self.mode = Mode::Seek;
                }
                step => return Ok(step),
            }
        }
    }

    fn run_literal(
        &mut self,
        pattern: &Pattern,
        literal: &[u8],
        subject: &[u8],
        budget: &mut u64,
    ) -> Step {
        let found = if pattern.anchored {
            subject[self.start..]
                .starts_with(literal)
                .then_some(self.start)
        } else {
            super::find_plain(subject, literal, self.start)
        };
        let scanned = found.map_or(subject.len(), |at| at + literal.len()) - self.start;
        self.spend(
            budget,
            1 + if pattern.anchored {
                0
            } else {
                scanned as u64 / 16
            },
        );
        match found {
            Some(start) => Step::Found {
                start,
                end: start + literal.len(),
            },
            None => Step::NotFound,
        }
    }

    /// Moves to the next place where a match may start and sets up an attempt there.
    fn seek(&mut self, pattern: &Pattern, subject: &[u8], budget: &mut u64) -> bool {
        if !pattern.anchored {
            let rest = &subject[self.start..];
            let candidate = match pattern.prefilter {
                Prefilter::None => Some(0),
                Prefilter::Byte(byte) => memchr::memchr(byte, rest),
                Prefilter::Set(set) => {
                    let set = &pattern.sets[set as usize];
                    rest.iter().position(|&byte| set.contains(byte))
                }
            };
            let skipped = candidate.unwrap_or(rest.len());
            self.spend(budget, skipped as u64 / 8);
            if candidate.is_none() {
                return false;
            }
            self.start += skipped;
        }
        self.at = self.start;
        self.node = 0;
        self.level = 0;
        self.alternatives.clear();
        self.mode = Mode::Advance;
        true
    }

    #[inline]
    fn push(&mut self, alternative: Alternative) -> Result<(), PatternError> {
        if self.alternatives.len() >= MAX_ALTERNATIVES {
            return Err(PatternError::TooComplex);
        }
        self.alternatives.push(alternative);
        Ok(())
    }

    /// Notes how to undo a change to the captures, if there is an alternative to go back to.
    #[inline]
    fn push_undo(&mut self, undo: Alternative) -> Result<(), PatternError> {
        if self.alternatives.is_empty() {
            return Ok(());
        }
        self.push(undo)
    }

    /// Matches at one start; `NotFound` when it does not match there.
    fn attempt(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        budget: &mut u64,
    ) -> Result<Step, PatternError> {
        let (mut at, mut node) = (self.at, self.node);
        let mut mode = self.mode;
        loop {
            if mode != Mode::Retreat {
                match self.advance(pattern, subject, budget, &mut at, &mut node, mode)? {
                    Advance::Failed => {}
                    Advance::Matched => {
                        return Ok(Step::Found {
                            start: self.start,
                            end: at,
                        });
                    }
                    Advance::OutOfBudget(mode) => {
                        (self.at, self.node, self.mode) = (at, node, mode);
                        return Ok(Step::OutOfBudget);
                    }
                }
            }
            if self.alternatives.is_empty() {
                return Ok(Step::NotFound);
            }
            if *budget == 0 {
                (self.at, self.node, self.mode) = (at, node, Mode::Retreat);
                return Ok(Step::OutOfBudget);
            }
            *budget -= 1;
            mode = match self.retreat(pattern, subject) {
                Some(place) => {
                    (at, node) = place;
                    Mode::Advance
                }
                None => Mode::Retreat,
            };
        }
    }

    /// Takes the last alternative: where it leads to, or nothing if it only undid something.
    #[inline]
    fn retreat(&mut self, pattern: &Pattern, subject: &[u8]) -> Option<(usize, usize)> {
        let place = match self.alternatives.last_mut()? {
            Alternative::Shorter {
                least,
                at: end,
                node,
            } => {
                *end -= 1;
                let place = (*end as usize, *node as usize);
                if end > least {
                    return Some(place);
                }
                Some(place)
            }
            Alternative::Longer {
                at: end,
                node: lazy,
            } => {
                let Node::Lazy(single) = pattern.nodes[*lazy as usize] else {
                    unreachable!("only lazy nodes are made longer");
                };
                if subject
                    .get(*end as usize)
                    .is_some_and(|&byte| single_matches(pattern, single, byte))
                {
                    *end += 1;
                    return Some((*end as usize, *lazy as usize + 1));
                }
                None
            }
            Alternative::Skip { at, node } => Some((*at as usize, *node as usize)),
            Alternative::Unopen => {
                self.level -= 1;
                None
            }
            Alternative::Unclose { index } => {
                self.slots[*index as usize].end = UNFINISHED;
                None
            }
        };
        self.alternatives.pop();
        place
    }

    /// Matches node after node until one does not match.
    #[inline]
    fn advance(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        budget: &mut u64,
        at: &mut usize,
        node: &mut usize,
        mut mode: Mode,
    ) -> Result<Advance, PatternError> {
        let nodes = &pattern.nodes[..];
        loop {
            if *budget == 0 {
                return Ok(Advance::OutOfBudget(mode));
            }
            *budget -= 1;
            match nodes[*node] {
                Node::One(single) => {
                    match subject.get(*at) {
                        Some(&byte) if single_matches(pattern, single, byte) => {}
                        _ => return Ok(Advance::Failed),
                    }
                    *at += 1;
                }
                Node::Greedy {
                    single,
                    least,
                    possessive,
                } => {
                    if mode != Mode::Repeat {
                        self.repeating_from = *at;
                    }
                    mode = Mode::Advance;
                    let rest = &subject[*at..];
                    let window = match single {
                        Single::Any => rest,
                        _ => &rest[..rest.len().min(STRIDE)],
                    };
                    let taken = run_length(pattern, single, window);
                    *at += taken;
                    if taken >= 8 {
                        self.spend(budget, taken as u64 / 8);
                    }
                    if taken == window.len() && taken < rest.len() {
                        mode = Mode::Repeat;
                        continue;
                    }
                    let least = self.repeating_from + usize::from(least);
                    if *at < least {
                        return Ok(Advance::Failed);
                    }
                    if *at > least && !possessive {
                        self.push(Alternative::Shorter {
                            least: least as u32,
                            at: *at as u32,
                            node: *node as u32 + 1,
                        })?;
                    }
                }
                Node::Lazy(_) => self.push(Alternative::Longer {
                    at: *at as u32,
                    node: *node as u32,
                })?,
                Node::Optional(single) => {
                    if subject
                        .get(*at)
                        .is_some_and(|&byte| single_matches(pattern, single, byte))
                    {
                        self.push(Alternative::Skip {
                            at: *at as u32,
                            node: *node as u32 + 1,
                        })?;
                        *at += 1;
                    }
                }
                Node::Open => self.open(Slot {
                    start: *at as u32,
                    end: UNFINISHED,
                })?,
                Node::Position => self.open(Slot {
                    start: *at as u32,
                    end: POSITION,
                })?,
                Node::Close => {
                    let index = self.slots[..self.level]
                        .iter()
                        .rposition(|slot| slot.end == UNFINISHED)
                        .ok_or(PatternError::InvalidCapture)?;
                    self.slots[index].end = *at as u32;
                    self.push_undo(Alternative::Unclose {
                        index: index as u32,
                    })?;
                }
                Node::Match => return Ok(Advance::Matched),
                Node::End => {
                    if *at != subject.len() {
                        return Ok(Advance::Failed);
                    }
                }
                Node::Fault(fault) => return Err(fault),
                other => {
                    if !self.rare_node(pattern, other, subject, budget, at)? {
                        return Ok(Advance::Failed);
                    }
                }
            }
            *node += 1;
        }
    }

    /// The nodes that most patterns do without. False if the node does not match.
    fn rare_node(
        &mut self,
        pattern: &Pattern,
        node: Node,
        subject: &[u8],
        budget: &mut u64,
        at: &mut usize,
    ) -> Result<bool, PatternError> {
        match node {
            Node::BackReference(digit) => {
                let slot = usize::from(digit)
                    .checked_sub(usize::from(b'1'))
                    .and_then(|index| self.slots[..self.level].get(index))
                    .filter(|slot| slot.end != UNFINISHED)
                    .ok_or(PatternError::InvalidCaptureIndex)?;
                // A position capture has no text and never matches.
                let matched = slot.end != POSITION
                    && subject[*at..].starts_with(&subject[slot.start as usize..slot.end as usize]);
                if matched {
                    let length = (slot.end - slot.start) as usize;
                    self.spend(budget, length as u64 / 16);
                    *at += length;
                }
                Ok(matched)
            }
            Node::Balance(open, close) => match balanced_length(&subject[*at..], open, close) {
                Ok(length) => {
                    self.spend(budget, length as u64);
                    *at += length;
                    Ok(true)
                }
                Err(scanned) => {
                    self.spend(budget, scanned as u64);
                    Ok(false)
                }
            },
            Node::Frontier(set) => {
                let set = &pattern.sets[set as usize];
                let before = if *at == 0 { 0 } else { subject[*at - 1] };
                let behind = subject.get(*at).copied().unwrap_or(0);
                Ok(!set.contains(before) && set.contains(behind))
            }
            _ => Ok(true),
        }
    }

    #[inline]
    fn open(&mut self, slot: Slot) -> Result<(), PatternError> {
        if self.level >= MAX_CAPTURES {
            return Err(PatternError::TooManyCaptures);
        }
        self.slots[self.level] = slot;
        self.level += 1;
        self.push_undo(Alternative::Unopen)
    }
}

/// How far a chain of nodes got.
enum Advance {
    Matched,
    /// A node did not match.
    Failed,
    /// The budget is used up; the mode is the one to go on in.
    OutOfBudget(Mode),
}

/// Length of the balanced text that `subject` starts with, or how many bytes were looked at in vain.
fn balanced_length(subject: &[u8], open: u8, close: u8) -> Result<usize, usize> {
    if subject.first() != Some(&open) {
        return Err(0);
    }
    let mut depth = 1_usize;
    for (index, &byte) in subject.iter().enumerate().skip(1) {
        if byte == close {
            depth -= 1;
            if depth == 0 {
                return Ok(index + 1);
            }
        } else if byte == open {
            depth += 1;
        }
    }
    Err(subject.len())
}
