//! `cjson.encode`: a loop with the open tables on a stack. It reads tables without metamethods.

use super::super::output::Output;
use super::super::string::STACK_SLOTS;
use super::{ArrayMetatables, EMPTY_ARRAY, InvalidNumbers, Settings, settings};
use crate::heap::Heap;
use crate::meter::Meter;
use crate::native::{Call, NativeResult, Raise};
use crate::number;
use crate::value::{TableHandle, Value};

/// Values between two looks at the fuel.
const STRIDE: u32 = 128;

/// Per byte: what its escape is, if it needs one: the letter, or `u` for a `\u00XX`.
static ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escapes[byte] = b'u';
        byte += 1;
    }
    escapes[127] = b'u';
    escapes[8] = b'b';
    escapes[9] = b't';
    escapes[10] = b'n';
    escapes[12] = b'f';
    escapes[13] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes[b'/' as usize] = b'/';
    escapes
};

/// A table being written.
enum Open {
    Array {
        table: TableHandle,
        next: usize,
        length: usize,
    },
    Object {
        table: TableHandle,
        position: usize,
        first: bool,
    },
}

/// Why encoding stops.
enum Failure {
    /// A value of this type, for this reason.
    Value(&'static str, &'static str),
    Depth(usize),
    Raise(Raise),
}

impl From<Raise> for Failure {
    fn from(raise: Raise) -> Failure {
        Failure::Raise(raise)
    }
}

struct Encoder<'a> {
    heap: &'a Heap,
    settings: &'a Settings,
    metatables: ArrayMetatables,
    out: &'a mut Output,
    open: Vec<Open>,
    /// Stack slots the original would use.
    slots: usize,
}

pub(super) fn encode(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() != 1 {
        return Err(call.argument_error(1, "expected 1 argument"));
    }
    let mut out = Output::new(call);
    let chosen = settings(call).clone();
    let metatables = array_metatables_of(call);
    let runtime = &mut *call.runtime;
    let mut encoder = Encoder {
        heap: &runtime.heap,
        settings: &chosen,
        metatables,
        out: &mut out,
        open: Vec::new(),
        slots: 1,
    };
    let value = runtime.thread.stack[call.base];
    match encoder.run(&mut runtime.meter, value) {
        Ok(()) => {
            let string = out.finish(call)?;
            call.return_value(string)
        }
        Err(Failure::Raise(raise)) => Err(raise),
        Err(Failure::Value(kind, reason)) => {
            Err(call.error(format!("Cannot serialise {kind}: {reason}")))
        }
        Err(Failure::Depth(depth)) => {
            Err(call.error(format!("Cannot serialise, excessive nesting ({depth})")))
        }
    }
}

fn array_metatables_of(call: &Call<'_>) -> ArrayMetatables {
    super::array_metatables(call)
}

impl Encoder<'_> {
    fn run(&mut self, meter: &mut Meter, value: Value) -> Result<(), Failure> {
        self.value(value)?;
        let mut count = 0;
        while let Some(open) = self.open.last_mut() {
            count += 1;
            if count == STRIDE {
                count = 0;
                meter.charge(u64::from(STRIDE) / 4)?;
            }
            match open {
                Open::Array {
                    table,
                    next,
                    length,
                } => {
                    if *next == *length {
                        self.out.push(self.heap, b']')?;
                        self.open.pop();
                        self.slots -= 1;
                        continue;
                    }
                    if *next > 0 {
                        self.out.push(self.heap, b',')?;
                    }
                    *next += 1;
                    let value = self.heap.raw_get_integer(*table, *next as i64);
                    self.value(value)?;
                }
                Open::Object {
                    table,
                    position,
                    first,
                } => {
                    let Some((next, key, value)) = self.heap.entry_from(*table, *position) else {
                        self.out.push(self.heap, b'}')?;
                        self.open.pop();
                        self.slots -= 2;
                        continue;
                    };
                    *position = next;
                    if !std::mem::take(first) {
                        self.out.push(self.heap, b',')?;
                    }
                    match key {
                        Value::String(key) => {
                            let heap = self.heap;
                            self.string(heap.bytes(key))?;
                            self.out.push(heap, b':')?;
                        }
                        Value::Number(key) => {
                            self.out.push(self.heap, b'"')?;
                            self.number(key)?;
                            self.out.extend(self.heap, b"\":")?;
                        }
                        other => {
                            return Err(Failure::Value(
                                other.type_name(),
                                "table key must be a number or string",
                            ));
                        }
                    }
                    self.value(value)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a value; of a table only the beginning.
    #[inline]
    fn value(&mut self, value: Value) -> Result<(), Failure> {
        let heap = self.heap;
        match value {
            Value::String(string) => self.string(heap.bytes(string)),
            Value::Number(number) => self.number(number),
            Value::Table(table) => self.table(table),
            Value::Boolean(true) => Ok(self.out.extend(heap, b"true")?),
            Value::Boolean(false) => Ok(self.out.extend(heap, b"false")?),
            Value::Nil | Value::LightUserdata(0) => Ok(self.out.extend(heap, b"null")?),
            Value::LightUserdata(EMPTY_ARRAY) => Ok(self.out.extend(heap, b"[]")?),
            other => Err(Failure::Value(other.type_name(), "type not supported")),
        }
    }

    fn table(&mut self, table: TableHandle) -> Result<(), Failure> {
        let depth = self.open.len() + 1;
        if depth > self.settings.encode_max_depth as usize || self.slots + 3 > STACK_SLOTS {
            return Err(Failure::Depth(depth));
        }
        let marked = self.heap.metatable(Value::Table(table));
        let is_array = marked.is_some() && marked == self.metatables.array;
        let length = if is_array {
            Some(self.heap.length(table))
        } else {
            self.array_length(table)?
        };
        match length {
            Some(0)
                if !is_array
                    && self.settings.empty_table_as_object
                    && (marked.is_none() || marked != self.metatables.empty_array) =>
            {
                Ok(self.out.extend(self.heap, b"{}")?)
            }
            Some(length) => {
                self.out.push(self.heap, b'[')?;
                self.slots += 1;
                self.open.push(Open::Array {
                    table,
                    next: 0,
                    length,
                });
                Ok(())
            }
            None => {
                self.out.push(self.heap, b'{')?;
                self.slots += 2;
                self.open.push(Open::Object {
                    table,
                    position: 0,
                    first: true,
                });
                Ok(())
            }
        }
    }

    /// The length of a table that is an array: its keys are positive integers and not too far apart. None if it is an
    /// object.
    fn array_length(&self, table: TableHandle) -> Result<Option<usize>, Failure> {
        let mut most = 0_i32;
        let mut items = 0_i64;
        let mut position = 0;
        while let Some((next, key, _)) = self.heap.entry_from(table, position) {
            position = next;
            let Value::Number(number) = key else {
                return Ok(None);
            };
            if !(number >= 1.0 && number.floor() == number) {
                return Ok(None);
            }
            if number > f64::from(most) {
                // What C makes of numbers beyond its int.
                most = if number <= f64::from(i32::MAX) {
                    number as i32
                } else {
                    i32::MIN
                };
            }
            items += 1;
        }
        let Settings {
            sparse_ratio,
            sparse_safe,
            sparse_convert,
            ..
        } = *self.settings;
        if sparse_ratio > 0
            && i64::from(most) > items * i64::from(sparse_ratio)
            && most > sparse_safe
        {
            if !sparse_convert {
                return Err(Failure::Value("table", "excessively sparse array"));
            }
            return Ok(None);
        }
        Ok(match usize::try_from(most) {
            Ok(0) if items > 0 => None,
            Ok(length) => Some(length),
            Err(_) => None,
        })
    }

    #[inline]
    fn string(&mut self, text: &[u8]) -> Result<(), Failure> {
        self.out.room(self.heap, text.len() + 2)?;
        self.out.bytes.push(b'"');
        let mut rest = text;
        while let Some(at) = rest
            .iter()
            .position(|&byte| ESCAPES[usize::from(byte)] != 0)
        {
            // Each escape is at most six bytes for one.
            self.out.room(self.heap, rest.len() + 7)?;
            self.out.bytes.extend_from_slice(&rest[..at]);
            let byte = rest[at];
            match ESCAPES[usize::from(byte)] {
                b'u' => {
                    let digits = b"0123456789abcdef";
                    let (high, low) = (
                        digits[usize::from(byte >> 4)],
                        digits[usize::from(byte & 15)],
                    );
                    self.out
                        .bytes
                        .extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                }
                letter => self.out.bytes.extend_from_slice(&[b'\\', letter]),
            }
            rest = &rest[at + 1..];
        }
        self.out.room(self.heap, rest.len() + 1)?;
        self.out.bytes.extend_from_slice(rest);
        self.out.bytes.push(b'"');
        Ok(())
    }

    #[inline]
    fn number(&mut self, number: f64) -> Result<(), Failure> {
        if !number.is_finite() {
            let text: &[u8] = match self.settings.encode_invalid_numbers {
                InvalidNumbers::Off => {
                    return Err(Failure::Value("number", "must not be NaN or Inf"));
                }
                InvalidNumbers::Null => b"null",
                InvalidNumbers::On if number.is_nan() => b"nan",
                InvalidNumbers::On if number > 0.0 => b"inf",
                InvalidNumbers::On => b"-inf",
            };
            return Ok(self.out.extend(self.heap, text)?);
        }
        let text = number::to_text_with(number, self.settings.number_precision as usize);
        Ok(self.out.extend(self.heap, &text)?)
    }
}
