//! The Lua sink: replies become Lua values as handlers write them, with no protocol in between.
//!
//! What becomes of what is in the manual
//! (<https://redis.io/docs/latest/develop/programmability/lua-api/#data-type-conversion>). Tables are laid out as if they had
//! grown by one value at a time, as they do in Redis: the order of `pairs`, and `#` after a script has made holes, depend on it.

use lua::heap::Heap;
use lua::value::{StringHandle, TableHandle, Value};
use resp::double::write_double;
use resp::{Aggregate, Mark, Protocol, Reply};

use crate::field_names::FieldNames;

/// An aggregate of more values than this is looked at before a table is made for it.
const LARGE: usize = 1000;
/// A reply with more bytes than this took some microseconds.
const LARGE_BYTES: usize = 64 * 1024;

/// A reply under construction.
pub(crate) struct LuaReply<'a> {
    heap: &'a mut Heap,
    names: &'a FieldNames,
    protocol: Protocol,
    /// The reply as a value, as far as it has come.
    root: &'a mut Value,
    is_error: bool,
    /// Bytes of strings that may still come.
    room: usize,
    /// More came than the heap may hold, so that values are missing.
    is_cut: bool,
    open: Vec<Frame>,
}

/// A table that still gets values.
struct Frame {
    table: TableHandle,
    kind: Kind,
    /// Values still to come; `usize::MAX` if only the end will tell.
    missing: usize,
}

enum Kind {
    /// The next index.
    Array(i64),
    /// The key whose value comes next.
    Map(Option<Value>),
    /// Members become keys.
    Set,
    /// What annotates a reply is dropped.
    Nothing,
}

impl<'a> LuaReply<'a> {
    #[inline]
    pub(crate) fn new(
        heap: &'a mut Heap,
        names: &'a FieldNames,
        protocol: Protocol,
        root: &'a mut Value,
    ) -> LuaReply<'a> {
        let room = heap.limit();
        LuaReply {
            heap,
            names,
            protocol,
            root,
            is_error: false,
            room,
            is_cut: false,
            open: Vec::new(),
        }
    }

    /// Whether the whole of the reply is an error.
    #[inline]
    pub(crate) fn is_error(&self) -> bool {
        self.is_error
    }

    /// Whether the reply is larger than the heap may be, so that it is not whole.
    #[inline]
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether its strings took long to copy.
    #[inline]
    pub(crate) fn is_large(&self) -> bool {
        self.heap.limit() - self.room > LARGE_BYTES
    }

    /// Puts a value where the next one belongs. Always inlined: a value that is handed over in memory is written in two
    /// words and read as one, which has to wait.
    #[inline(always)]
    fn emit(&mut self, value: Value) {
        let Some(frame) = self.open.last_mut() else {
            *self.root = value;
            return;
        };
        if let Kind::Array(index) = &mut frame.kind
            && frame.missing != usize::MAX
        {
            if value.is_nil() {
                self.heap.stop_list_at(frame.table, (*index - 1) as usize);
            }
            self.heap.raw_set_integer(frame.table, *index, value);
            *index += 1;
            frame.missing -= 1;
            if frame.missing == 0 {
                self.pop_complete();
            }
            return;
        }
        self.emit_inside(value);
    }

    fn emit_inside(&mut self, value: Value) {
        let Some(frame) = self.open.last_mut() else {
            return;
        };
        match &mut frame.kind {
            Kind::Array(index) => {
                if value.is_nil() {
                    self.heap.stop_list_at(frame.table, (*index - 1) as usize);
                }
                self.heap.raw_set_integer(frame.table, *index, value);
                *index += 1;
            }
            Kind::Map(key) => match key.take() {
                None => *key = Some(value),
                Some(key) => {
                    // Only a null could not be a key, and none is.
                    let _ = self.heap.raw_set(frame.table, key, value);
                }
            },
            Kind::Set => {
                let _ = self.heap.raw_set(frame.table, value, Value::Boolean(true));
            }
            Kind::Nothing => {}
        }
        if frame.missing != usize::MAX {
            frame.missing -= 1;
            self.pop_complete();
        }
    }

    fn pop_complete(&mut self) {
        while self.open.last().is_some_and(|frame| frame.missing == 0) {
            self.open.pop();
        }
    }

    fn begin(&mut self, kind: Aggregate, len: Option<usize>) {
        let size = len.unwrap_or(0);
        // A map has two values a pair, whether it becomes a table of pairs or, in RESP2, a flat array.
        let missing = len.map_or(usize::MAX, |len| kind.values(len));
        let resp3 = self.protocol.is_resp3();
        let room = size.checked_next_power_of_two().unwrap_or(size);
        if size > LARGE && room.saturating_mul(size_of::<Value>()) > self.heap.limit() {
            self.is_cut = true;
            let table = self.heap.new_table(0, 0);
            self.attach(Value::Table(table));
            self.open.push(Frame {
                table,
                kind: Kind::Nothing,
                missing,
            });
            return;
        }
        let (table, outer, kind) = match kind {
            Aggregate::Map if resp3 => {
                let outer = self.heap.new_table(0, 1);
                let table = self.heap.new_table(0, 0);
                self.heap
                    .raw_set_string(outer, self.names.map, Value::Table(table));
                (table, outer, Kind::Map(None))
            }
            Aggregate::Set if resp3 => {
                let outer = self.heap.new_table(0, 1);
                let table = self.heap.new_table(0, 0);
                self.heap
                    .raw_set_string(outer, self.names.set, Value::Table(table));
                (table, outer, Kind::Set)
            }
            Aggregate::Attribute => {
                let table = self.heap.new_table(0, 0);
                (table, table, Kind::Nothing)
            }
            kind => {
                let table = self.heap.new_list(kind.values(size));
                (table, table, Kind::Array(1))
            }
        };
        let nothing = matches!(kind, Kind::Nothing);
        if !nothing {
            self.attach(Value::Table(outer));
        }
        self.open.push(Frame {
            table,
            kind,
            missing,
        });
    }

    /// Puts an aggregate into the one around it, which is not complete before the aggregate is.
    fn attach(&mut self, value: Value) {
        match self.open.last_mut() {
            None => *self.root = value,
            Some(frame) => {
                let missing = frame.missing;
                // Keeps the frame open while the value's own values come; it is popped with them.
                frame.missing = usize::MAX;
                self.emit(value);
                if let Some(frame) = self.open.last_mut() {
                    frame.missing = if missing == usize::MAX {
                        missing
                    } else {
                        missing - 1
                    };
                }
            }
        }
    }

    fn field_table(&mut self, name: StringHandle, value: Value) {
        let table = self.heap.new_table(0, 1);
        self.heap.raw_set_string(table, name, value);
        self.emit(Value::Table(table));
    }
}

impl Reply for LuaReply<'_> {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn status_bytes(&mut self, text: &[u8]) {
        let text = if text == b"OK" {
            self.names.ok_text
        } else {
            self.heap.new_string(text)
        };
        self.field_table(self.names.ok, Value::String(text));
    }

    fn error(&mut self, text: &[u8]) {
        if self.open.is_empty() {
            self.is_error = true;
        }
        let text = match self.names.error_text(text) {
            Some(known) => known,
            None => self.heap.new_string(text),
        };
        let text = Value::String(text);
        let table = self.heap.new_table(0, 2);
        self.heap.raw_set_string(table, self.names.err, text);
        self.heap.raw_set_string(
            table,
            self.names.ignore_error_stats_update,
            Value::Boolean(true),
        );
        self.emit(Value::Table(table));
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.emit(Value::Number(value as f64));
    }

    #[inline]
    fn bulk(&mut self, value: &[u8]) {
        if value.len() > self.room {
            self.is_cut = true;
            return self.emit(Value::Boolean(false));
        }
        self.room -= value.len();
        let value = Value::String(self.heap.new_loose_string(value));
        self.emit(value);
    }

    fn bulk_run(&mut self, values: &[&[u8]]) {
        let (fours, rest) = values.as_chunks::<4>();
        for &four in fours {
            let strings = four.map(|value| self.heap.new_loose_string(value));
            if let Some(frame) = self.open.last_mut()
                && let Kind::Array(index) = &mut frame.kind
                && frame.missing > 4
                && frame.missing != usize::MAX
            {
                self.heap.raw_set_strings(frame.table, *index, strings);
                *index += 4;
                frame.missing -= 4;
            } else {
                for string in strings {
                    self.emit(Value::String(string));
                }
            }
        }
        for value in rest {
            self.bulk(value);
        }
    }

    fn null(&mut self) {
        self.emit(if self.protocol.is_resp3() {
            Value::Nil
        } else {
            Value::Boolean(false)
        });
    }

    fn null_array(&mut self) {
        self.null();
    }

    fn boolean(&mut self, value: bool) {
        self.emit(match self.protocol {
            Protocol::Resp3 => Value::Boolean(value),
            Protocol::Resp2 => Value::Number(f64::from(u8::from(value))),
        });
    }

    fn double(&mut self, value: f64) {
        if self.protocol.is_resp3() {
            self.field_table(self.names.double, Value::Number(value));
        } else {
            let mut text = Vec::new();
            write_double(value, &mut text);
            self.bulk(&text);
        }
    }

    fn big_number(&mut self, digits: &[u8]) {
        let digits = Value::String(self.heap.new_string(digits));
        match self.protocol {
            Protocol::Resp3 => self.field_table(self.names.big_number, digits),
            Protocol::Resp2 => self.emit(digits),
        }
    }

    fn verbatim(&mut self, format: &[u8; 3], text: &[u8]) {
        if self.protocol.is_resp3() {
            let table = self.heap.new_table(0, 2);
            let format = Value::String(self.heap.new_string(format));
            self.heap.raw_set_string(table, self.names.format, format);
            let text = Value::String(self.heap.new_string(text));
            self.heap.raw_set_string(table, self.names.string, text);
            self.field_table(self.names.verbatim_string, Value::Table(table));
        } else {
            self.bulk(text);
        }
    }

    fn aggregate(&mut self, kind: Aggregate, len: usize) {
        self.begin(kind, Some(len));
        self.pop_complete();
    }

    fn open(&mut self, kind: Aggregate) -> Mark {
        self.begin(kind, None);
        Mark {
            position: self.open.len(),
            kind,
        }
    }

    fn close(&mut self, mark: Mark, _len: usize) {
        self.open.truncate(mark.position - 1);
        self.pop_complete();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field_names::ERRORS;

    /// Writes an array of the map `{a: 1, b: {}}` and 7; the table it becomes.
    fn nested(vm: &mut lua::Vm, protocol: Protocol) -> TableHandle {
        let names = FieldNames::new(vm);
        let mut root = Value::Nil;
        let mut reply = LuaReply::new(&mut vm.runtime.heap, &names, protocol, &mut root);
        reply.array(2);
        reply.map(2);
        reply.bulk(b"a");
        reply.integer(1);
        reply.bulk(b"b");
        reply.map(0);
        reply.integer(7);
        assert!(!reply.is_error());
        let Value::Table(table) = root else {
            panic!("an array is a table");
        };
        table
    }

    #[test]
    fn a_map_is_a_flat_array_in_resp2() {
        let mut vm = lua::Vm::new();
        let outer = nested(&mut vm, Protocol::Resp2);
        let heap = &mut vm.runtime.heap;
        assert_eq!(heap.length(outer), 2);
        assert!(matches!(heap.raw_get_integer(outer, 2), Value::Number(7.0)));
        let Value::Table(inner) = heap.raw_get_integer(outer, 1) else {
            panic!("a map is a table");
        };
        assert_eq!(heap.length(inner), 4);
        assert!(matches!(heap.raw_get_integer(inner, 2), Value::Number(1.0)));
        assert!(matches!(heap.raw_get_integer(inner, 4), Value::Table(_)));
    }

    #[test]
    fn runs_of_strings_and_known_errors_are_as_others_are() {
        let mut vm = lua::Vm::new();
        let names = FieldNames::new(&mut vm);
        let texts: Vec<String> = (0..40).map(|n| format!("element {}", n * n * n)).collect();
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        for count in 0..texts.len() {
            let texts = &texts[..count];
            let mut root = Value::Nil;
            let heap = &mut vm.runtime.heap;
            let mut reply = LuaReply::new(heap, &names, Protocol::Resp2, &mut root);
            reply.array(count);
            reply.bulk_run(texts);
            let Value::Table(table) = root else {
                panic!("an array is a table");
            };
            assert_eq!(heap.length(table), count);
            for (index, text) in texts.iter().enumerate() {
                let Value::String(string) = heap.raw_get_integer(table, index as i64 + 1) else {
                    panic!("an element is a string");
                };
                assert_eq!(string, heap.new_string(text));
            }
        }
        for text in ERRORS.iter().chain(&["ERR other"]) {
            let mut root = Value::Nil;
            let heap = &mut vm.runtime.heap;
            LuaReply::new(heap, &names, Protocol::Resp2, &mut root).error(text.as_bytes());
            let Value::Table(table) = root else {
                panic!("an error is a table");
            };
            let Value::String(string) = heap.raw_get_field(table, "err") else {
                panic!("an error has a text");
            };
            assert_eq!(heap.bytes(string), text.as_bytes());
        }
    }

    #[test]
    fn lists_with_nulls_are_laid_out_as_if_they_had_grown() {
        let mut vm = lua::Vm::new();
        let names = FieldNames::new(&mut vm);
        for count in 1..=9usize {
            for nulls in 0..1u32 << count {
                let is_null = |index: usize| nulls >> index & 1 == 1;
                let heap = &mut vm.runtime.heap;
                let (mut known, mut unknown) = (Value::Nil, Value::Nil);
                let mut reply = LuaReply::new(heap, &names, Protocol::Resp3, &mut known);
                reply.array(count);
                (0..count).for_each(|index| match is_null(index) {
                    true => reply.null(),
                    false => reply.integer(1),
                });
                let mut reply = LuaReply::new(heap, &names, Protocol::Resp3, &mut unknown);
                let mark = reply.open(Aggregate::Array);
                (0..count).for_each(|index| match is_null(index) {
                    true => reply.null(),
                    false => reply.integer(1),
                });
                reply.close(mark, count);
                let grown = heap.new_table(0, 0);
                for index in 0..count {
                    let value = match is_null(index) {
                        true => Value::Nil,
                        false => Value::Number(1.0),
                    };
                    heap.raw_set_integer(grown, index as i64 + 1, value);
                }
                for made in [known, unknown] {
                    let Value::Table(made) = made else {
                        panic!("an array is a table");
                    };
                    assert_eq!(
                        heap.length(made),
                        heap.length(grown),
                        "{nulls:b} of {count}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_map_is_a_table_of_pairs_in_resp3() {
        let mut vm = lua::Vm::new();
        let outer = nested(&mut vm, Protocol::Resp3);
        let heap = &mut vm.runtime.heap;
        assert!(matches!(heap.raw_get_integer(outer, 2), Value::Number(7.0)));
        let Value::Table(inner) = heap.raw_get_integer(outer, 1) else {
            panic!("a map is a table");
        };
        let Value::Table(map) = heap.raw_get_field(inner, "map") else {
            panic!("a map says what it is");
        };
        assert!(matches!(heap.raw_get_field(map, "a"), Value::Number(1.0)));
    }
}
