//! A pattern search within a running function: sliced by fuel, able to pause.

use super::super::output::substring;
use crate::native::{Call, Raise};
use crate::pattern::{BYTES_PER_SOURCE_BYTE, Capture, Pattern, PatternError, Search, Step};
use crate::value::{StringHandle, Value};
use std::sync::Arc;

/// Steps of the matcher between two looks at the fuel.
pub(super) const SLICE: u64 = 4096;

/// A search in a string, which an argument or an upvalue of the function keeps alive.
pub(super) struct Matching {
    pub(super) pattern: Arc<Pattern>,
    pub(super) search: Box<Search>,
    pub(super) subject: StringHandle,
}

/// How far a search got.
pub(super) enum Progress {
    /// A match, as byte offsets.
    Found(usize, usize),
    NotFound,
    /// The host wants the run to pause.
    Pause,
}

impl Matching {
    pub(super) fn new(
        call: &mut Call<'_>,
        subject: StringHandle,
        source: StringHandle,
        anchors: bool,
    ) -> Result<Matching, Raise> {
        let runtime = &mut *call.runtime;
        let bytes = runtime.heap.bytes(source);
        let pattern = match runtime
            .libraries
            .known_pattern(bytes, source.hash(), anchors)
        {
            Some(pattern) => pattern,
            None => {
                let needed = bytes.len().saturating_mul(BYTES_PER_SOURCE_BYTE);
                if !runtime.heap.has_room(needed) {
                    return Err(Raise::OutOfMemory);
                }
                runtime.meter.charge(bytes.len() as u64)?;
                runtime
                    .libraries
                    .compile_pattern(bytes, source.hash(), anchors)
            }
        };
        let search = runtime.libraries.search.take().unwrap_or_default();
        Ok(Matching {
            pattern,
            search,
            subject,
        })
    }

    /// Goes on in a text with a pattern known before.
    #[inline]
    pub(super) fn again(
        call: &mut Call<'_>,
        subject: StringHandle,
        pattern: Arc<Pattern>,
    ) -> Matching {
        let search = call.runtime.libraries.search.take().unwrap_or_default();
        Matching {
            pattern,
            search,
            subject,
        }
    }

    /// Searches on until there is an outcome or the host wants the run to pause.
    #[inline]
    pub(super) fn advance(&mut self, call: &mut Call<'_>) -> Result<Progress, Raise> {
        loop {
            let mut budget = SLICE;
            let subject = call.runtime.heap.bytes(self.subject);
            let step = match self.search.run(&self.pattern, subject, &mut budget) {
                Ok(step) => step,
                Err(fault) => return Err(call.error(fault.to_string())),
            };
            call.charge(1 + (SLICE - budget + self.search.take_debt()) / 4)?;
            // Matches make strings, which only the end of the function gives the collector a chance to free.
            call.reserve(0)?;
            match step {
                Step::Found { start, end } => return Ok(Progress::Found(start, end)),
                Step::NotFound => return Ok(Progress::NotFound),
                Step::OutOfBudget if call.runtime.meter.suspend_requested => {
                    return Ok(Progress::Pause);
                }
                Step::OutOfBudget => {}
            }
        }
    }

    /// Leaves the search for the next function that needs one.
    #[inline]
    pub(super) fn finish(self, call: &mut Call<'_>) {
        call.runtime.libraries.search = Some(self.search);
    }

    /// The number of values [`Matching::push_captures`] pushes.
    #[inline]
    pub(super) fn value_count(&self, whole: bool) -> usize {
        match self.search.capture_count() {
            0 if whole => 1,
            count => count,
        }
    }

    /// The value of capture `index` (from 0); index 0 of a pattern without captures is the whole match.
    #[inline]
    pub(super) fn value(
        &self,
        call: &mut Call<'_>,
        index: usize,
        span: (usize, usize),
    ) -> Result<Value, Raise> {
        match self.capture(index, span) {
            Ok(Capture::Position(at)) => Ok(Value::Number((at + 1) as f64)),
            Ok(Capture::Span(start, end)) => {
                substring(call, self.subject, start..end).map(Value::String)
            }
            Err(fault) => Err(call.error(fault.to_string())),
        }
    }

    /// Capture `index` (from 0); index 0 of a pattern without captures is the whole match.
    #[inline]
    pub(super) fn capture(
        &self,
        index: usize,
        span: (usize, usize),
    ) -> Result<Capture, PatternError> {
        match self.search.capture(index) {
            Err(PatternError::InvalidCaptureIndex) if index == 0 => {
                Ok(Capture::Span(span.0, span.1))
            }
            capture => capture,
        }
    }

    /// Pushes all captures, or with `whole` the whole match if there are none; returns how many.
    #[inline]
    pub(super) fn push_captures(
        &self,
        call: &mut Call<'_>,
        whole: bool,
        span: (usize, usize),
    ) -> Result<usize, Raise> {
        let count = self.value_count(whole);
        for index in 0..count {
            let value = self.value(call, index, span)?;
            call.push(value);
        }
        Ok(count)
    }
}
