//! From a script's result to its reply.

use std::cell::Cell;

use lua::heap::Heap;
use lua::value::{TableHandle, Value, to_integer};
use resp::{Aggregate, Mark, Protocol, Reply};

use crate::field_names::FieldNames;

/// How deep tables in a reply may nest: about what the stack of Redis's interpreter allows.
const DEPTH_MAX: usize = 7980;

/// The errors in a result.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    /// Whether there is any.
    pub(crate) any: bool,
    /// The texts of those the script has made itself: those of inner calls were counted when they happened.
    pub(crate) uncounted: Vec<Vec<u8>>,
}

/// Writes a script's result. `protocol` is what the script chose with `redis.setresp`.
pub(crate) fn write_value(
    heap: &mut Heap,
    names: &FieldNames,
    value: Value,
    protocol: Protocol,
    reply: &mut dyn Reply,
) -> Errors {
    write_until(heap, names, value, protocol, reply, || false)
}

/// Whether the reply that a result stands for takes no more than so many bytes.
pub(crate) fn reply_fits(
    heap: &mut Heap,
    names: &FieldNames,
    value: Value,
    protocol: Protocol,
    bytes: usize,
) -> bool {
    let spent = Cell::new(0);
    let mut measure = Measure {
        protocol,
        spent: &spent,
    };
    let is_over = || spent.get() > bytes;
    write_until(heap, names, value, protocol, &mut measure, is_over);
    !is_over()
}

fn write_until(
    heap: &mut Heap,
    names: &FieldNames,
    value: Value,
    protocol: Protocol,
    reply: &mut dyn Reply,
    is_over: impl Fn() -> bool,
) -> Errors {
    let mut errors = Errors::default();
    let Value::Table(_) = value else {
        write_scalar(heap, value, protocol, reply);
        return errors;
    };
    // Tables still to be written, innermost last: no recursion, so a deep table is no danger to the stack.
    let mut work = vec![Work::Value(value)];
    let mut depth = 0;
    while let Some(item) = work.pop() {
        if is_over() {
            break;
        }
        match item {
            Work::Leave => depth -= 1,
            Work::Value(Value::Table(table)) => {
                if depth >= DEPTH_MAX {
                    reply.error(b"ERR reached lua stack limit");
                    continue;
                }
                depth += 1;
                work.push(Work::Leave);
                write_table(heap, names, table, reply, &mut work, &mut errors);
            }
            Work::Value(value) => write_scalar(heap, value, protocol, reply),
        }
    }
    errors
}

/// A sink that only measures: the bytes of what is written, with the most a header takes for each value.
struct Measure<'a> {
    protocol: Protocol,
    spent: &'a Cell<usize>,
}

impl Measure<'_> {
    fn add(&self, bytes: usize) {
        const HEADER: usize = 16;
        self.spent.set(
            self.spent
                .get()
                .saturating_add(bytes)
                .saturating_add(HEADER),
        );
    }
}

impl Reply for Measure<'_> {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn status_bytes(&mut self, text: &[u8]) {
        self.add(text.len());
    }

    fn error(&mut self, text: &[u8]) {
        self.add(text.len());
    }

    fn integer(&mut self, _value: i64) {
        self.add(0);
    }

    fn bulk(&mut self, value: &[u8]) {
        self.add(value.len());
    }

    fn null(&mut self) {
        self.add(0);
    }

    fn null_array(&mut self) {
        self.add(0);
    }

    fn boolean(&mut self, _value: bool) {
        self.add(0);
    }

    fn double(&mut self, _value: f64) {
        self.add(0);
    }

    fn big_number(&mut self, digits: &[u8]) {
        self.add(digits.len());
    }

    fn verbatim(&mut self, _format: &[u8; 3], text: &[u8]) {
        self.add(text.len());
    }

    fn aggregate(&mut self, _kind: Aggregate, _len: usize) {
        self.add(0);
    }

    fn open(&mut self, kind: Aggregate) -> Mark {
        self.add(0);
        Mark { position: 0, kind }
    }

    fn close(&mut self, _mark: Mark, _len: usize) {}
}

enum Work {
    Value(Value),
    /// The end of a table.
    Leave,
}

fn write_scalar(heap: &Heap, value: Value, protocol: Protocol, reply: &mut dyn Reply) {
    match value {
        Value::String(string) => reply.bulk(heap.bytes(string)),
        Value::Number(number) => reply.integer(to_integer(number)),
        Value::Boolean(value) if protocol.is_resp3() => reply.boolean(value),
        Value::Boolean(true) => reply.integer(1),
        _ => reply.null(),
    }
}

/// Writes a table that stands for one value, or starts an aggregate and leaves its values to `work`.
fn write_table(
    heap: &mut Heap,
    names: &FieldNames,
    table: TableHandle,
    reply: &mut dyn Reply,
    work: &mut Vec<Work>,
    errors: &mut Errors,
) {
    if let Value::String(error) = heap.raw_get_string(table, names.err) {
        let text = one_line(heap.bytes(error));
        reply.error(&text);
        errors.any = true;
        if !is_counted(heap, table) {
            errors.uncounted.push(text);
        }
        return;
    }
    if let Value::String(status) = heap.raw_get_string(table, names.ok) {
        reply.status_bytes(types::up_to_zero(heap.bytes(status)));
        return;
    }
    if let Value::Number(double) = heap.raw_get_string(table, names.double) {
        reply.double(double);
        return;
    }
    if let Value::String(digits) = heap.raw_get_string(table, names.big_number) {
        let digits: Vec<u8> = heap
            .bytes(digits)
            .iter()
            .map(|&byte| blank_for_line_end(byte))
            .collect();
        reply.big_number(&digits);
        return;
    }
    if let Value::Table(verbatim) = heap.raw_get_string(table, names.verbatim_string) {
        let format = heap.raw_get_string(verbatim, names.format);
        let text = heap.raw_get_string(verbatim, names.string);
        if let (Value::String(format), Value::String(text)) = (format, text) {
            let mut letters = *b"   ";
            let format = types::up_to_zero(heap.bytes(format));
            let count = format.len().min(3);
            letters[..count].copy_from_slice(&format[..count]);
            reply.verbatim(&letters, heap.bytes(text));
            return;
        }
    }
    if let Value::Table(map) = heap.raw_get_string(table, names.map) {
        let mut pairs = Vec::new();
        let mut position = 0;
        while let Some((next, key, value)) = heap.entry_from(map, position) {
            pairs.push((key, value));
            position = next;
        }
        reply.map(pairs.len());
        for (key, value) in pairs.into_iter().rev() {
            work.push(Work::Value(value));
            work.push(Work::Value(key));
        }
        return;
    }
    if let Value::Table(set) = heap.raw_get_string(table, names.set) {
        let mut members = Vec::new();
        let mut position = 0;
        while let Some((next, member, _)) = heap.entry_from(set, position) {
            members.push(member);
            position = next;
        }
        reply.set(members.len());
        work.extend(members.into_iter().rev().map(Work::Value));
        return;
    }
    let first = work.len();
    let mut index = 1;
    loop {
        let value = heap.raw_get_integer(table, index);
        if value.is_nil() {
            break;
        }
        work.push(Work::Value(value));
        index += 1;
    }
    reply.array(work.len() - first);
    work[first..].reverse();
}

/// The error that a table stands for as a result, and whether it has been counted already.
pub(crate) fn error_in(
    heap: &mut Heap,
    names: &FieldNames,
    table: TableHandle,
) -> Option<(Vec<u8>, bool)> {
    let Value::String(error) = heap.raw_get_string(table, names.err) else {
        return None;
    };
    let text = one_line(heap.bytes(error));
    Some((text, is_counted(heap, table)))
}

/// An error's text as it is sent and counted: it ends at a zero byte and where a line would, and line ends within it are
/// blanks.
pub(crate) fn one_line(text: &[u8]) -> Vec<u8> {
    let text = types::up_to_zero(text);
    let end = text
        .iter()
        .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
        .map_or(0, |last| last + 1);
    text[..end]
        .iter()
        .copied()
        .map(blank_for_line_end)
        .collect()
}

fn blank_for_line_end(byte: u8) -> u8 {
    if matches!(byte, b'\r' | b'\n') {
        b' '
    } else {
        byte
    }
}

/// Whether the error in a table was counted when it happened.
fn is_counted(heap: &mut Heap, table: TableHandle) -> bool {
    heap.raw_get_field(table, "ignore_error_stats_update")
        .is_truthy()
}

/// The text of an error that nothing in the script caught, and whether it has been counted already (as the error of an
/// inner call has).
pub(crate) fn error_text(heap: &mut Heap, value: Value) -> (Vec<u8>, bool) {
    let mut text = b"ERR ".to_vec();
    match value {
        Value::Table(table) => {
            let counted = is_counted(heap, table);
            match heap.raw_get_field(table, "err") {
                Value::String(error) => return (one_line(heap.bytes(error)), counted),
                Value::Number(error) => {
                    return (lua::number::to_text(error).as_bytes().to_vec(), counted);
                }
                _ => text.extend_from_slice(b"(error object is a table value)"),
            }
        }
        Value::String(string) => text.extend_from_slice(heap.bytes(string)),
        Value::Number(number) => text.extend_from_slice(lua::number::to_text(number).as_bytes()),
        Value::Nil => text.extend_from_slice(b"nil"),
        Value::Boolean(value) => text.extend_from_slice(if value { b"true" } else { b"false" }),
        other => {
            let name = other.type_name();
            text.extend_from_slice(format!("(error object is a {name} value)").as_bytes());
        }
    }
    (text, false)
}
