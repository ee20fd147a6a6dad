//! `string.gsub`, in steps: the replacement may be a Lua function, or a table with an `__index` function.

use super::super::output::Output;
use super::super::pause::{pause, take_state};
use super::matching::{Matching, SLICE};
use crate::heap::Heap;
use crate::native::{Call, Flow, Indexed, NativeResult, Raise};
use crate::number;
use crate::pattern::{Capture, PatternError, Step};
use crate::runtime::Runtime;
use crate::value::{StringHandle, TableHandle, Value};
use crate::vm::MAX_NATIVE_DEPTH;

/// What matches are replaced with.
#[derive(Clone, Copy)]
enum Replacement {
    /// A text without `%`.
    Plain(StringHandle),
    /// A text that refers to captures.
    Template(StringHandle),
    /// A table or a function.
    Value(Value),
}

/// Most captures of a match whose replacement is found without a call.
const ARGUMENTS: usize = 8;

struct Substitution {
    matching: Matching,
    out: Output,
    replacement: Replacement,
    /// Where the next search starts; everything before it is in `out`.
    from: usize,
    /// The match whose replacement is being made.
    span: (usize, usize),
    done: i64,
    limit: i64,
}

pub(super) fn gsub(call: &mut Call<'_>) -> NativeResult {
    let subject = call.check_string(1)?;
    let source = call.check_string(2)?;
    let replacement = match call.argument(3) {
        Value::String(_) | Value::Number(_) => {
            let text = call.check_string(3)?;
            if memchr::memchr(b'%', call.bytes(text)).is_some() {
                Replacement::Template(text)
            } else {
                Replacement::Plain(text)
            }
        }
        value @ (Value::Table(_) | Value::Function(_) | Value::Native(_)) => {
            Replacement::Value(value)
        }
        _ => return Err(call.argument_error(3, "string/function/table expected")),
    };
    let length = call.bytes(subject).len();
    let limit = call.optional_integer(4, length as i64 + 1)? as i32;
    let mut matching = Matching::new(call, subject, source, true)?;
    let out = Output::new(call);
    matching.search.begin(0);
    let limit = if call.is_none_or_nil(4) {
        length as i64 + 1
    } else {
        i64::from(limit)
    };
    let substitution = Substitution {
        matching,
        out,
        replacement,
        from: 0,
        span: (0, 0),
        done: 0,
        limit,
    };
    if substitution.limit <= 0 {
        return substitution.finish(call);
    }
    let mut substitution = substitution;
    match substitution.proceed(call)? {
        Next::Done => substitution.finish(call),
        Next::Ask { arguments } => ask(call, Box::new(substitution), arguments),
        Next::Pause => pause(call, Box::new(substitution), resume_search),
    }
}

/// Why the substitution stops.
enum Next {
    /// There is nothing more to replace.
    Done,
    /// The function on the stack has to be called with the arguments above it.
    Ask { arguments: usize },
    /// The host wants the run to pause.
    Pause,
}

/// Goes on with a substitution that was left before.
fn go_on(call: &mut Call<'_>, mut substitution: Box<Substitution>) -> NativeResult {
    match substitution.proceed(call)? {
        Next::Done => substitution.finish(call),
        Next::Ask { arguments } => ask(call, substitution, arguments),
        Next::Pause => pause(call, substitution, resume_search),
    }
}

fn ask(call: &mut Call<'_>, substitution: Box<Substitution>, arguments: usize) -> NativeResult {
    call.state = Some(substitution);
    Ok(Flow::Call {
        arguments,
        resume: resume_with_value,
    })
}

fn resume_search(call: &mut Call<'_>) -> NativeResult {
    call.drop_callback_results();
    let substitution = take_state::<Substitution>(call);
    go_on(call, substitution)
}

fn resume_with_value(call: &mut Call<'_>) -> NativeResult {
    let value = call.callback_result(1);
    call.drop_callback_results();
    let mut substitution = take_state::<Substitution>(call);
    substitution.add_value(call, value)?;
    if substitution.move_on(call.heap())? {
        go_on(call, substitution)
    } else {
        substitution.finish(call)
    }
}

impl Substitution {
    /// Replaces match after match.
    fn proceed(&mut self, call: &mut Call<'_>) -> Result<Next, Raise> {
        match self.replacement {
            Replacement::Plain(text) => self.replace_by_text(call, text, false),
            Replacement::Template(text) => self.replace_by_text(call, text, true),
            Replacement::Value(value) => self.replace_by_value(call, value),
        }
    }

    fn replace_by_text(
        &mut self,
        call: &mut Call<'_>,
        text: StringHandle,
        is_template: bool,
    ) -> Result<Next, Raise> {
        loop {
            let mut budget = SLICE;
            let outcome = self.replace_in_slice(call.heap(), text, is_template, &mut budget);
            call.charge(1 + (SLICE - budget + self.matching.search.take_debt()) / 4)?;
            match outcome {
                Ok(true) => return Ok(Next::Done),
                Ok(false) if call.runtime.meter.suspend_requested => return Ok(Next::Pause),
                Ok(false) => {}
                Err(TemplateError::Raise(raise)) => return Err(raise),
                Err(TemplateError::Pattern(fault)) => return Err(call.error(fault.to_string())),
            }
        }
    }

    /// Replaces matches as long as the budget lasts; true if there are no more.
    fn replace_in_slice(
        &mut self,
        heap: &Heap,
        text: StringHandle,
        is_template: bool,
        budget: &mut u64,
    ) -> Result<bool, TemplateError> {
        let subject = heap.bytes(self.matching.subject);
        let bytes = heap.bytes(text);
        loop {
            match self
                .matching
                .search
                .run(&self.matching.pattern, subject, budget)
                .map_err(TemplateError::Pattern)?
            {
                Step::Found { start, end } => {
                    self.out.extend(heap, &subject[self.from..start])?;
                    self.from = start;
                    self.span = (start, end);
                    self.done += 1;
                }
                Step::NotFound => return Ok(true),
                Step::OutOfBudget => return Ok(false),
            }
            let before = self.out.bytes.len();
            if is_template {
                self.fill_template(heap, bytes)?;
            } else {
                self.out.extend(heap, bytes)?;
            }
            let written = self.out.bytes.len() - before;
            *budget = budget.saturating_sub(written as u64 / 4);
            if !self.move_on(heap)? {
                return Ok(true);
            }
        }
    }

    fn replace_by_value(&mut self, call: &mut Call<'_>, value: Value) -> Result<Next, Raise> {
        loop {
            let mut budget = SLICE;
            let outcome = self.replace_at_once(call.runtime, value, &mut budget);
            call.charge(1 + (SLICE - budget + self.matching.search.take_debt()) / 4)?;
            match outcome {
                Ok(AtOnce::Done) => return Ok(Next::Done),
                Ok(AtOnce::Slice) if call.runtime.meter.suspend_requested => {
                    return Ok(Next::Pause);
                }
                // Matches make strings, which only the end of the function gives the collector a chance to free.
                Ok(AtOnce::Slice) => call.reserve(0)?,
                Ok(AtOnce::Value(found)) => {
                    self.add_value(call, found)?;
                    if !self.move_on(call.heap())? {
                        return Ok(Next::Done);
                    }
                }
                Ok(AtOnce::Ask) => {
                    if let Value::Table(table) = value {
                        if let Some(arguments) = self.look_up(call, table)? {
                            return Ok(Next::Ask { arguments });
                        }
                        if !self.move_on(call.heap())? {
                            return Ok(Next::Done);
                        }
                    } else {
                        call.push(value);
                        let arguments = self.matching.push_captures(call, true, self.span)?;
                        return Ok(Next::Ask { arguments });
                    }
                }
                Err(TemplateError::Raise(raise)) => return Err(raise),
                Err(TemplateError::Pattern(fault)) => return Err(call.error(fault.to_string())),
            }
        }
    }

    /// Replaces matches as long as the budget lasts and their replacements are at hand without a call.
    fn replace_at_once(
        &mut self,
        runtime: &mut Runtime,
        value: Value,
        budget: &mut u64,
    ) -> Result<AtOnce, TemplateError> {
        // Where no call is possible any more there are no shortcuts either.
        let is_deep = runtime.thread.native_depth >= MAX_NATIVE_DEPTH;
        let shortcut = match value {
            Value::Native(native) if !is_deep => runtime.heap.shortcut(native),
            _ => None,
        };
        let subject = self.matching.subject;
        let mut arguments = [Value::Nil; ARGUMENTS];
        loop {
            if !runtime.heap.has_room(0) {
                return Ok(AtOnce::Slice);
            }
            let bytes = runtime.heap.bytes(subject);
            let matching = &mut self.matching;
            let step = matching.search.run(&matching.pattern, bytes, budget);
            match step.map_err(TemplateError::Pattern)? {
                Step::Found { start, end } => {
                    self.copy_subject(&runtime.heap, start)?;
                    self.span = (start, end);
                    self.done += 1;
                }
                Step::NotFound => return Ok(AtOnce::Done),
                Step::OutOfBudget => return Ok(AtOnce::Slice),
            }
            let count = match value {
                Value::Table(_) => 1,
                _ => self.matching.value_count(true),
            };
            let Some(arguments) = arguments.get_mut(..count) else {
                return Ok(AtOnce::Ask);
            };
            for (index, argument) in arguments.iter_mut().enumerate() {
                let capture = self.matching.capture(index, self.span);
                *argument = match capture.map_err(TemplateError::Pattern)? {
                    Capture::Position(at) => Value::Number((at + 1) as f64),
                    Capture::Span(start, end) => {
                        Value::String(runtime.heap.new_substring(subject, start..end))
                    }
                };
            }
            let found = match value {
                Value::Table(table) => {
                    let found = runtime.heap.raw_get(table, arguments[0]);
                    let is_plain = runtime.heap.metatable(value).is_none();
                    (is_plain || !found.is_nil()).then_some(found)
                }
                Value::Function(closure) => {
                    runtime.meter.burn(1);
                    runtime.evaluate_leaf(closure, arguments)
                }
                _ => shortcut.and_then(|shortcut| {
                    shortcut.value(&mut runtime.heap, &mut runtime.meter, arguments)
                }),
            };
            match found {
                Some(Value::String(text)) => self.out.add(&runtime.heap, text)?,
                Some(found) => return Ok(AtOnce::Value(found)),
                None => return Ok(AtOnce::Ask),
            }
            if !self.move_on(&runtime.heap)? {
                return Ok(AtOnce::Done);
            }
            *budget = budget.saturating_sub(4);
        }
    }

    /// Replaces a match with what the table has for it; or pushes a function that knows, and returns the number of its arguments.
    fn look_up(&mut self, call: &mut Call<'_>, table: TableHandle) -> Result<Option<usize>, Raise> {
        let key = self.matching.value(call, 0, self.span)?;
        let value = call.heap().raw_get(table, key);
        let plain = !value.is_nil() || call.heap().metatable(Value::Table(table)).is_none();
        let indexed = if plain {
            Indexed::Done(value)
        } else {
            call.index(Value::Table(table), key)?
        };
        match indexed {
            Indexed::Done(value) => {
                self.add_value(call, value)?;
                Ok(None)
            }
            Indexed::Handler { function, object } => {
                call.push_index_call(function, object, key);
                Ok(Some(2))
            }
        }
    }

    /// Copies the subject up to `end`.
    #[inline]
    fn copy_subject(&mut self, heap: &Heap, end: usize) -> Result<(), Raise> {
        let piece = &heap.bytes(self.matching.subject)[self.from..end];
        self.out.extend(heap, piece)?;
        self.from = end;
        Ok(())
    }

    /// Sets up the search behind the match; false if there is nothing more to do.
    #[inline]
    fn move_on(&mut self, heap: &Heap) -> Result<bool, Raise> {
        let (start, end) = self.span;
        self.from = end;
        let length = heap.bytes(self.matching.subject).len();
        let next = if end > start {
            end
        } else if end < length {
            self.copy_subject(heap, end + 1)?;
            end + 1
        } else {
            return Ok(false);
        };
        self.matching.search.begin(next);
        Ok(!self.matching.pattern.is_anchored() && self.done < self.limit)
    }

    fn finish(mut self, call: &mut Call<'_>) -> NativeResult {
        let length = call.bytes(self.matching.subject).len();
        let subject = self.matching.subject;
        let done = self.done;
        let result = if done == 0 {
            self.out.discard(call);
            subject
        } else {
            self.copy_subject(call.heap(), length)?;
            self.out.finish(call)?
        };
        self.matching.finish(call);
        call.push(result);
        call.push(done as f64);
        Ok(Flow::Return(2))
    }

    /// Adds the value a table or function gave for the match; nil and false keep it.
    fn add_value(&mut self, call: &mut Call<'_>, value: Value) -> Result<(), Raise> {
        let heap = &call.runtime.heap;
        match value {
            Value::String(text) => self.out.add(heap, text),
            Value::Number(number) => self.out.extend(heap, &number::to_text(number)),
            Value::Nil | Value::Boolean(false) => {
                let (start, end) = self.span;
                self.out
                    .extend(heap, &heap.bytes(self.matching.subject)[start..end])
            }
            other => {
                let message = format!("invalid replacement value (a {})", other.type_name());
                Err(call.error(message))
            }
        }
    }

    /// Adds a template, filled in with the match.
    fn fill_template(&mut self, heap: &Heap, template: &[u8]) -> Result<(), TemplateError> {
        let subject = heap.bytes(self.matching.subject);
        let (start, end) = self.span;
        let mut rest = template;
        while let Some(at) = memchr::memchr(b'%', rest) {
            self.out.extend(heap, &rest[..at])?;
            // 5.1 takes the NUL behind the text for the escaped character.
            let escaped = rest.get(at + 1).copied().unwrap_or(0);
            rest = rest.get(at + 2..).unwrap_or(&[]);
            match escaped {
                b'0' => self.out.extend(heap, &subject[start..end])?,
                b'1'..=b'9' => {
                    let index = usize::from(escaped - b'1');
                    match self.matching.search.capture(index) {
                        Ok(Capture::Span(start, end)) => {
                            self.out.extend(heap, &subject[start..end])?
                        }
                        Ok(Capture::Position(at)) => {
                            self.out.extend(heap, &number::to_text((at + 1) as f64))?;
                        }
                        Err(PatternError::InvalidCaptureIndex) if index == 0 => {
                            self.out.extend(heap, &subject[start..end])?;
                        }
                        Err(fault) => return Err(TemplateError::Pattern(fault)),
                    }
                }
                other => self.out.push(heap, other)?,
            }
        }
        Ok(self.out.extend(heap, rest)?)
    }
}

/// Why replacing without calls stops.
enum AtOnce {
    /// There is nothing more to replace.
    Done,
    /// It is time to look at the fuel and the memory.
    Slice,
    /// The match is to be replaced with this, which is no string.
    Value(Value),
    /// The replacement of the match has to be asked for.
    Ask,
}

/// Why a template cannot be filled in.
enum TemplateError {
    Raise(Raise),
    Pattern(PatternError),
}

impl From<Raise> for TemplateError {
    fn from(raise: Raise) -> TemplateError {
        TemplateError::Raise(raise)
    }
}
