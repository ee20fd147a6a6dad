//! `cjson.encode`: a loop with the open tables on a stack. It reads tables without metamethods.

use super::super::is_whole;
use super::super::output::Output;
use super::super::pause::{CHUNK, pause, resume_state};
use super::super::string::STACK_SLOTS;
use super::{ArrayMetatables, EMPTY_ARRAY, InvalidNumbers, Settings, array_metatables, settings};
use crate::heap::Heap;
use crate::meter::Meter;
use crate::native::{Call, NativeResult, Raise};
use crate::number;
use crate::value::{StringHandle, TableHandle, Value};

/// Values between two looks at the fuel.
const STRIDE: u32 = 128;
/// Keys of a table that are looked at in one go to find out whether it is an array.
const SCANNED: usize = 1 << 14;

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
    /// A long text, of which the part from here on is still to be written.
    Text { string: StringHandle, from: usize },
    /// A table that may be an array or not.
    Unknown(Scan),
}

/// The search for a table's keys: an array's are positive integers and not too far apart.
struct Scan {
    table: TableHandle,
    position: usize,
    most: i32,
    items: i64,
}

impl Scan {
    /// Looks at some more keys. At the end the length of an array, or none inside for an object.
    #[inline]
    fn go_on(
        &mut self,
        heap: &Heap,
        settings: &Settings,
    ) -> Result<Option<Option<usize>>, Failure> {
        for _ in 0..SCANNED {
            let Some((next, key, _)) = heap.entry_from(self.table, self.position) else {
                self.position = heap.slot_count(self.table);
                return Ok(Some(self.length(settings)?));
            };
            self.position = next;
            let Value::Number(number) = key else {
                return Ok(Some(None));
            };
            if !(number >= 1.0 && is_whole(number)) {
                return Ok(Some(None));
            }
            if number > f64::from(self.most) {
                // What C makes of numbers beyond its int.
                self.most = if number <= f64::from(i32::MAX) {
                    number as i32
                } else {
                    i32::MIN
                };
            }
            self.items += 1;
        }
        Ok(None)
    }

    fn length(&self, settings: &Settings) -> Result<Option<usize>, Failure> {
        let Settings {
            sparse_ratio,
            sparse_safe,
            sparse_convert,
            ..
        } = *settings;
        if sparse_ratio > 0
            && i64::from(self.most) > self.items * i64::from(sparse_ratio)
            && self.most > sparse_safe
        {
            if !sparse_convert {
                return Err(Failure::Value("table", "excessively sparse array"));
            }
            return Ok(None);
        }
        Ok(match usize::try_from(self.most) {
            Ok(0) if self.items > 0 => None,
            Ok(length) => Some(length),
            Err(_) => None,
        })
    }
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

struct Encoder {
    settings: Settings,
    metatables: ArrayMetatables,
    out: Output,
    open: Vec<Open>,
    /// Slots of tables looked at that are not charged for yet.
    looked_at: usize,
    /// Stack slots the original would use.
    slots: usize,
}

pub(super) fn encode(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() != 1 {
        return Err(call.argument_error(1, "expected 1 argument"));
    }
    let out = Output::new(call);
    let mut encoder = Encoder {
        settings: settings(call).clone(),
        metatables: array_metatables(call),
        out,
        open: Vec::new(),
        looked_at: 0,
        slots: 1,
    };
    let value = call.argument(1);
    match encoder.value(call.heap(), value) {
        Ok(()) => proceed(call, encoder),
        Err(failure) => Err(failure.raise(call)),
    }
}

fn proceed(call: &mut Call<'_>, mut encoder: Encoder) -> NativeResult {
    let runtime = &mut *call.runtime;
    match encoder.run(&runtime.heap, &mut runtime.meter) {
        Ok(true) => {
            let string = encoder.out.finish(call)?;
            call.return_value(string)
        }
        // The argument keeps the open tables alive.
        Ok(false) => pause(call, Box::new(encoder), resume),
        Err(failure) => Err(failure.raise(call)),
    }
}

fn resume(call: &mut Call<'_>) -> NativeResult {
    let encoder = resume_state::<Encoder>(call);
    proceed(call, *encoder)
}

impl Failure {
    fn raise(self, call: &mut Call<'_>) -> Raise {
        match self {
            Failure::Raise(raise) => raise,
            Failure::Value(kind, reason) => {
                call.error(format!("Cannot serialise {kind}: {reason}"))
            }
            Failure::Depth(depth) => {
                call.error(format!("Cannot serialise, excessive nesting ({depth})"))
            }
        }
    }
}

impl Encoder {
    /// Writes what is open; false if the host wants the run to pause.
    fn run(&mut self, heap: &Heap, meter: &mut Meter) -> Result<bool, Failure> {
        let mut count = 0;
        while let Some(open) = self.open.last_mut() {
            count += 1;
            if count >= STRIDE {
                count = 0;
                meter.charge(u64::from(STRIDE) / 4)?;
                meter.burn_for_slots(std::mem::take(&mut self.looked_at));
                if meter.suspend_requested {
                    return Ok(false);
                }
            }
            match open {
                Open::Array {
                    table,
                    next,
                    length,
                } => {
                    if *next == *length {
                        self.out.push(heap, b']')?;
                        self.open.pop();
                        self.slots -= 1;
                        continue;
                    }
                    if *next > 0 {
                        self.out.push(heap, b',')?;
                    }
                    *next += 1;
                    let value = heap.raw_get_integer(*table, *next as i64);
                    self.value(heap, value)?;
                }
                Open::Object {
                    table,
                    position,
                    first,
                } => {
                    let Some((next, key, value)) = heap.entry_from(*table, *position) else {
                        self.looked_at += heap.slot_count(*table);
                        self.out.push(heap, b'}')?;
                        self.open.pop();
                        self.slots -= 2;
                        continue;
                    };
                    *position = next;
                    if !std::mem::take(first) {
                        self.out.push(heap, b',')?;
                    }
                    match key {
                        Value::String(key) => {
                            let text = heap.bytes(key);
                            if text.len() > CHUNK {
                                meter.charge(text.len() as u64 / 16)?;
                            }
                            self.string(heap, text)?;
                            self.out.push(heap, b':')?;
                        }
                        Value::Number(key) => {
                            self.out.push(heap, b'"')?;
                            self.number(heap, key)?;
                            self.out.extend(heap, b"\":")?;
                        }
                        other => {
                            return Err(Failure::Value(
                                other.type_name(),
                                "table key must be a number or string",
                            ));
                        }
                    }
                    self.value(heap, value)?;
                }
                Open::Text { string, from } => {
                    let rest = &heap.bytes(*string)[*from..];
                    let piece = &rest[..rest.len().min(CHUNK)];
                    *from += piece.len();
                    let done = piece.len() == rest.len();
                    self.escaped(heap, piece)?;
                    if done {
                        self.out.push(heap, b'"')?;
                        self.open.pop();
                    }
                    meter.charge(piece.len() as u64 / 16)?;
                    count = STRIDE - 1;
                }
                Open::Unknown(scan) => {
                    let Some(length) = scan.go_on(heap, &self.settings)? else {
                        meter.charge(SCANNED as u64 / 16)?;
                        count = STRIDE - 1;
                        continue;
                    };
                    let table = scan.table;
                    self.open.pop();
                    self.begin_table(heap, table, length, false)?;
                }
            }
        }
        meter.burn_for_slots(std::mem::take(&mut self.looked_at));
        Ok(true)
    }

    /// Writes a value; of a table or a long text only the beginning.
    #[inline]
    fn value(&mut self, heap: &Heap, value: Value) -> Result<(), Failure> {
        match value {
            Value::String(string) => {
                let text = heap.bytes(string);
                if text.len() > CHUNK {
                    self.out.push(heap, b'"')?;
                    self.open.push(Open::Text { string, from: 0 });
                    return Ok(());
                }
                self.string(heap, text)
            }
            Value::Number(number) => self.number(heap, number),
            Value::Table(table) => self.table(heap, table),
            Value::Boolean(true) => Ok(self.out.extend(heap, b"true")?),
            Value::Boolean(false) => Ok(self.out.extend(heap, b"false")?),
            Value::Nil | Value::LightUserdata(0) => Ok(self.out.extend(heap, b"null")?),
            Value::LightUserdata(EMPTY_ARRAY) => Ok(self.out.extend(heap, b"[]")?),
            other => Err(Failure::Value(other.type_name(), "type not supported")),
        }
    }

    fn table(&mut self, heap: &Heap, table: TableHandle) -> Result<(), Failure> {
        let depth = self.open.len() + 1;
        if depth > self.settings.encode_max_depth as usize || self.slots + 3 > STACK_SLOTS {
            return Err(Failure::Depth(depth));
        }
        let marked = heap.metatable(Value::Table(table));
        if marked.is_some() && marked == self.metatables.array {
            return self.begin_table(heap, table, Some(heap.length(table)), true);
        }
        let mut scan = Scan {
            table,
            position: 0,
            most: 0,
            items: 0,
        };
        let outcome = scan.go_on(heap, &self.settings)?;
        self.looked_at += scan.position;
        match outcome {
            Some(length) => self.begin_table(heap, table, length, false),
            None => {
                self.open.push(Open::Unknown(scan));
                Ok(())
            }
        }
    }

    /// Writes the beginning of a table: an array with a length, or else an object.
    fn begin_table(
        &mut self,
        heap: &Heap,
        table: TableHandle,
        length: Option<usize>,
        is_array: bool,
    ) -> Result<(), Failure> {
        match length {
            Some(0) if !is_array && self.empty_is_object(heap, table) => {
                Ok(self.out.extend(heap, b"{}")?)
            }
            Some(length) => {
                self.out.push(heap, b'[')?;
                self.slots += 1;
                self.open.push(Open::Array {
                    table,
                    next: 0,
                    length,
                });
                Ok(())
            }
            None => {
                self.out.push(heap, b'{')?;
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

    fn empty_is_object(&self, heap: &Heap, table: TableHandle) -> bool {
        let marked = heap.metatable(Value::Table(table));
        self.settings.empty_table_as_object
            && (marked.is_none() || marked != self.metatables.empty_array)
    }

    #[inline]
    fn string(&mut self, heap: &Heap, text: &[u8]) -> Result<(), Failure> {
        self.out.room(heap, text.len() + 2)?;
        self.out.bytes.push(b'"');
        if text.iter().any(|&byte| ESCAPES[usize::from(byte)] != 0) {
            self.escaped(heap, text)?;
            self.out.room(heap, 1)?;
        } else {
            self.out.bytes.extend_from_slice(text);
        }
        self.out.bytes.push(b'"');
        Ok(())
    }

    /// The text between the quotes.
    fn escaped(&mut self, heap: &Heap, text: &[u8]) -> Result<(), Failure> {
        let mut rest = text;
        while let Some(at) = rest
            .iter()
            .position(|&byte| ESCAPES[usize::from(byte)] != 0)
        {
            // Each escape is at most six bytes for one.
            self.out.room(heap, rest.len() + 7)?;
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
        Ok(self.out.extend(heap, rest)?)
    }

    #[inline]
    fn number(&mut self, heap: &Heap, number: f64) -> Result<(), Failure> {
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
            return Ok(self.out.extend(heap, text)?);
        }
        let text = number::to_text_with(number, self.settings.number_precision as usize);
        Ok(self.out.extend(heap, &text)?)
    }
}
