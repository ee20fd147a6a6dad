//! `string.gsub`, in steps: the replacement may be a Lua function, or a table with an `__index` function.

use super::super::output::Output;
use super::matching::{Matching, Progress, pause, take_state};
use crate::heap::Heap;
use crate::native::{Call, Flow, Indexed, NativeResult, Raise};
use crate::number;
use crate::pattern::{Capture, PatternError};
use crate::value::{StringHandle, Value};

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
    let mut matching = Matching::new(call, subject, source, true);
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
    proceed(call, substitution)
}

fn proceed(call: &mut Call<'_>, mut substitution: Substitution) -> NativeResult {
    loop {
        match substitution.matching.advance(call)? {
            Progress::Found(start, end) => {
                substitution.copy_subject(call.heap(), start)?;
                substitution.span = (start, end);
                substitution.done += 1;
            }
            Progress::NotFound => return substitution.finish(call),
            Progress::Pause => {
                return pause(call, Box::new(substitution), resume_search);
            }
        }
        match substitution.replacement {
            Replacement::Plain(text) => {
                let heap = &call.runtime.heap;
                substitution.out.extend(heap, heap.bytes(text))?;
            }
            Replacement::Template(text) => substitution.fill_template(call, text)?,
            Replacement::Value(Value::Table(table)) => {
                let key = substitution.matching.value(call, 0, substitution.span)?;
                let value = call.heap().raw_get(table, key);
                let plain = !value.is_nil() || call.heap().metatable(Value::Table(table)).is_none();
                match if plain {
                    Indexed::Done(value)
                } else {
                    call.index(Value::Table(table), key)?
                } {
                    Indexed::Done(value) => substitution.add_value(call, value)?,
                    Indexed::Handler { function, object } => {
                        call.push_index_call(function, object, key);
                        call.state = Some(Box::new(substitution));
                        return Ok(Flow::Call {
                            arguments: 2,
                            resume: resume_with_value,
                        });
                    }
                }
            }
            Replacement::Value(function) => {
                call.push(function);
                let arguments =
                    substitution
                        .matching
                        .push_captures(call, true, substitution.span)?;
                call.state = Some(Box::new(substitution));
                return Ok(Flow::Call {
                    arguments,
                    resume: resume_with_value,
                });
            }
        }
        if !substitution.move_on(call.heap())? {
            return substitution.finish(call);
        }
    }
}

fn resume_search(call: &mut Call<'_>) -> NativeResult {
    call.drop_callback_results();
    let substitution = take_state::<Substitution>(call);
    proceed(call, *substitution)
}

fn resume_with_value(call: &mut Call<'_>) -> NativeResult {
    let value = call.callback_result(1);
    call.drop_callback_results();
    let mut substitution = take_state::<Substitution>(call);
    substitution.add_value(call, value)?;
    if substitution.move_on(call.heap())? {
        proceed(call, *substitution)
    } else {
        substitution.finish(call)
    }
}

impl Substitution {
    /// Copies the subject up to `end`.
    fn copy_subject(&mut self, heap: &Heap, end: usize) -> Result<(), Raise> {
        let piece = &heap.bytes(self.matching.subject)[self.from..end];
        self.out.extend(heap, piece)?;
        self.from = end;
        Ok(())
    }

    /// Sets up the search behind the match; false if there is nothing more to do.
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
            Value::String(text) => self.out.extend(heap, heap.bytes(text)),
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

    fn fill_template(&mut self, call: &mut Call<'_>, template: StringHandle) -> Result<(), Raise> {
        match self.try_template(call.heap(), template) {
            Ok(()) => Ok(()),
            Err(TemplateError::Raise(raise)) => Err(raise),
            Err(TemplateError::Pattern(fault)) => Err(call.error(fault.to_string())),
        }
    }

    fn try_template(&mut self, heap: &Heap, template: StringHandle) -> Result<(), TemplateError> {
        let subject = heap.bytes(self.matching.subject);
        let (start, end) = self.span;
        let mut rest = heap.bytes(template);
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
