//! `cjson.decode`: a loop over tokens with the open arrays and objects on a stack.
//!
//! Values wait on one stack until their array is complete, so that the array is made at its final size, which is the
//! size that growing element by element comes to. So do the members of objects, which are then filled in one by one or
//! by the shape of earlier ones: the order of `pairs` depends on it.

use super::super::pause::{park, pause, resume_state, unpark};
use super::super::shapes::Shapes;
use super::super::string::STACK_SLOTS;
use super::lexer::{Lexer, Token};
use super::{NULL, settings};
use crate::heap::Heap;
use crate::native::{Call, Flow, NativeResult, Raise};
use crate::runtime::Runtime;
use crate::value::{StringHandle, TableHandle, Value};

/// Tokens between two looks at fuel and memory.
const STRIDE: u32 = 128;
/// Members of a large object that wait to be stored.
const MEMBERS: usize = 512;

enum Open {
    /// An array whose elements are the values from this position on.
    Array { first: usize },
    /// An object whose last keys and values are those from these positions on. The others, of a large one, are in its table.
    Object {
        first: usize,
        first_key: usize,
        table: Option<TableHandle>,
    },
}

struct Decoder {
    lexer: Lexer,
    open: Vec<Open>,
    values: Vec<Value>,
    keys: Vec<StringHandle>,
    shapes: Shapes,
    /// The token that comes next when the decoder goes on.
    token: Token,
    max_depth: i32,
    /// Stack slots the original would use.
    slots: usize,
    tokens: u32,
}

/// Why decoding stops.
enum Failure {
    Expected(&'static str, Token),
    Depth,
    Raise(Raise),
}

impl From<Raise> for Failure {
    fn from(raise: Raise) -> Failure {
        Failure::Raise(raise)
    }
}

pub(super) fn decode(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() != 1 {
        return Err(call.argument_error(1, "expected 1 argument"));
    }
    let text = call.check_string(1)?;
    let bytes = call.bytes(text);
    let length = bytes.len();
    if length >= 2 && (bytes[0] == 0 || bytes[1] == 0) {
        return Err(call.error("JSON parser does not support UTF-16 or UTF-32"));
    }
    call.reserve(length)?;
    // The text is read while the heap grows, so it is copied out of it first.
    let mut input = std::mem::take(&mut call.runtime.libraries.buffer);
    input.clear();
    input.extend_from_slice(call.bytes(text));
    let settings = settings(call);
    let lexer = Lexer::new(input, settings.decode_invalid_numbers);
    let max_depth = settings.decode_max_depth;
    call.charge(length as u64 / 64)?;
    let mut decoder = Decoder {
        lexer,
        open: Vec::new(),
        values: Vec::new(),
        keys: Vec::new(),
        shapes: Shapes::default(),
        token: Token::End,
        max_depth,
        slots: 1,
        tokens: 0,
    };
    decoder.token = decoder.lexer.next();
    proceed(call, decoder)
}

fn proceed(call: &mut Call<'_>, mut decoder: Decoder) -> NativeResult {
    let outcome = decoder.run(call.runtime);
    if let Ok(None) = outcome {
        decoder.park(call);
        return pause(call, Box::new(decoder), resume);
    }
    let (at, token_at) = (decoder.lexer.at, decoder.lexer.token_at);
    let depth = decoder.open.len() + 1;
    if decoder.lexer.input.capacity() <= 1 << 16 {
        call.runtime.libraries.buffer = decoder.lexer.input;
        call.runtime.libraries.buffer.clear();
    }
    match outcome {
        Ok(value) => {
            call.push(value.unwrap_or_default());
            Ok(Flow::Return(1))
        }
        Err(Failure::Raise(raise)) => Err(raise),
        Err(Failure::Expected(expected, found)) => {
            let found = found.name();
            let message = format!(
                "Expected {expected} but found {found} at character {}",
                token_at + 1
            );
            Err(call.error(message))
        }
        Err(Failure::Depth) => Err(call.error(format!(
            "Found too many nested data structures ({depth}) at character {at}"
        ))),
    }
}

fn resume(call: &mut Call<'_>) -> NativeResult {
    let mut decoder = resume_state::<Decoder>(call);
    decoder.unpark(call);
    proceed(call, *decoder)
}

impl Decoder {
    /// Puts what only the decoder refers to where the collector sees it.
    fn park(&mut self, call: &mut Call<'_>) {
        let tables = self.open.iter().filter_map(|open| match open {
            Open::Object { table, .. } => table.map(Value::Table),
            Open::Array { .. } => None,
        });
        let others = self.keys.iter().copied().map(Value::String).chain(tables);
        let others = others.collect();
        park(call, others);
        park(call, std::mem::take(&mut self.values));
        // The shapes refer to keys as well.
        self.shapes = Shapes::default();
    }

    fn unpark(&mut self, call: &mut Call<'_>) {
        self.values = unpark(call);
        // The decoder still has the keys and tables.
        call.pop();
    }

    /// Decodes on; none if the host wants the run to pause.
    fn run(&mut self, runtime: &mut Runtime) -> Result<Option<Value>, Failure> {
        let mut token = self.token;
        loop {
            self.tokens += 1;
            if self.tokens == STRIDE {
                self.tokens = 0;
                runtime.meter.charge(u64::from(STRIDE) / 4)?;
                let waiting = self.values.capacity() * size_of::<Value>()
                    + self.keys.capacity() * size_of::<StringHandle>();
                if !runtime.heap.has_room(waiting + self.lexer.input.capacity()) {
                    return Err(Raise::OutOfMemory.into());
                }
                if runtime.meter.suspend_requested {
                    self.token = token;
                    return Ok(None);
                }
            }
            let mut value = match token {
                Token::Plain(start, end) => {
                    Value::String(runtime.heap.new_string(&self.lexer.input[start..end]))
                }
                Token::Unescaped => Value::String(runtime.heap.new_string(&self.lexer.unescaped)),
                Token::Number(number) => Value::Number(number),
                Token::Boolean(boolean) => Value::Boolean(boolean),
                Token::Null => NULL,
                Token::ObjectBegin => {
                    self.descend(3, 2)?;
                    match self.lexer.next() {
                        Token::ObjectEnd => {
                            self.slots -= 2;
                            Value::Table(runtime.heap.new_table(0, 0))
                        }
                        token_of_key => {
                            self.open.push(Open::Object {
                                first: self.values.len(),
                                first_key: self.keys.len(),
                                table: None,
                            });
                            self.key(runtime, token_of_key, 0)?;
                            token = self.lexer.next();
                            continue;
                        }
                    }
                }
                Token::ArrayBegin => {
                    self.descend(2, 1)?;
                    match self.lexer.next() {
                        Token::ArrayEnd => {
                            self.slots -= 1;
                            Value::Table(runtime.heap.new_table(0, 0))
                        }
                        first => {
                            self.open.push(Open::Array {
                                first: self.values.len(),
                            });
                            token = first;
                            continue;
                        }
                    }
                }
                other => return Err(Failure::Expected("value", other)),
            };
            // A complete value may complete what it stands in.
            loop {
                match self.open.last_mut() {
                    None => {
                        return match self.lexer.next() {
                            Token::End => Ok(Some(value)),
                            other => Err(Failure::Expected("the end", other)),
                        };
                    }
                    Some(Open::Array { first }) => {
                        let first = *first;
                        self.values.push(value);
                        match self.lexer.next() {
                            Token::Comma => break,
                            Token::ArrayEnd => {
                                value = Value::Table(self.make_array(runtime, first));
                                self.slots -= 1;
                            }
                            other => return Err(Failure::Expected("comma or array end", other)),
                        }
                    }
                    Some(Open::Object {
                        first,
                        first_key,
                        table,
                    }) => {
                        let (first, first_key) = (*first, *first_key);
                        self.values.push(value);
                        if self.values.len() - first == MEMBERS {
                            let heap = &mut runtime.heap;
                            let table = *table.get_or_insert_with(|| heap.new_table(0, 0));
                            self.store_members(heap, table, first, first_key);
                        }
                        match self.lexer.next() {
                            Token::Comma => {
                                let next = self.lexer.next();
                                self.key(runtime, next, self.keys.len() - first_key)?;
                                break;
                            }
                            Token::ObjectEnd => {
                                value = self.end_object(runtime, first, first_key).into();
                                self.slots -= 2;
                            }
                            other => return Err(Failure::Expected("comma or object end", other)),
                        }
                    }
                }
                self.open.pop();
            }
            token = self.lexer.next();
        }
    }

    /// The innermost object, which is complete.
    #[inline]
    fn end_object(&mut self, runtime: &mut Runtime, first: usize, first_key: usize) -> TableHandle {
        let heap = &mut runtime.heap;
        if let Some(Open::Object {
            table: Some(table), ..
        }) = self.open.last()
        {
            let table = *table;
            self.store_members(heap, table, first, first_key);
            return table;
        }
        let (keys, members) = (&self.keys[first_key..], &self.values[first..]);
        let table = self.shapes.build(heap, self.open.len(), keys, members);
        self.keys.truncate(first_key);
        self.values.truncate(first);
        table
    }

    /// Stores the waiting members of a large object.
    fn store_members(
        &mut self,
        heap: &mut Heap,
        table: TableHandle,
        first: usize,
        first_key: usize,
    ) {
        for (key, value) in self.keys.drain(first_key..).zip(self.values.drain(first..)) {
            heap.raw_set_string(table, key, value);
        }
    }

    /// Key number `index` of the innermost object and its colon, from the key's token on.
    #[inline]
    fn key(&mut self, runtime: &mut Runtime, token: Token, index: usize) -> Result<(), Failure> {
        let heap = &mut runtime.heap;
        let key = match token {
            Token::Plain(start, end) => {
                let text = &self.lexer.input[start..end];
                match self.shapes.guess(self.open.len(), index) {
                    Some(guess) if heap.bytes(guess) == text => guess,
                    _ => heap.new_string(text),
                }
            }
            Token::Unescaped => heap.new_string(&self.lexer.unescaped),
            other => return Err(Failure::Expected("object key string", other)),
        };
        self.keys.push(key);
        match self.lexer.next() {
            Token::Colon => Ok(()),
            other => Err(Failure::Expected("colon", other)),
        }
    }

    /// Goes one level down, where the original asks for `asked` stack slots and keeps `kept` of them.
    fn descend(&mut self, asked: usize, kept: usize) -> Result<(), Failure> {
        let depth = i32::try_from(self.open.len() + 1).unwrap_or(i32::MAX);
        if depth > self.max_depth || self.slots + asked > STACK_SLOTS {
            return Err(Failure::Depth);
        }
        self.slots += kept;
        Ok(())
    }

    /// The array of the values from `first` on.
    fn make_array(&mut self, runtime: &mut Runtime, first: usize) -> TableHandle {
        let elements = &self.values[first..];
        let table = runtime.heap.new_list(elements.len());
        // The table is new, so nothing older comes to refer to the elements.
        runtime.heap.tables[table.index()].array[..elements.len()].copy_from_slice(elements);
        self.values.truncate(first);
        table
    }
}
