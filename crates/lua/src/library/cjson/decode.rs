//! `cjson.decode`: a loop over tokens with the open arrays and objects on a stack.
//!
//! Values wait on one stack until their array is complete, so that the array is made at its final size, which is the
//! size that growing element by element comes to. So do the members of objects, which are then filled in one by one or
//! by the shape of earlier ones: the order of `pairs` depends on it.

use super::super::shapes::Shapes;
use super::super::string::STACK_SLOTS;
use super::lexer::{Lexer, Token};
use super::{NULL, settings};
use crate::native::{Call, Flow, NativeResult, Raise};
use crate::runtime::Runtime;
use crate::value::{StringHandle, TableHandle, Value};

/// Tokens between two looks at fuel and memory.
const STRIDE: u32 = 128;

enum Open {
    /// An array whose elements are the values from this position on.
    Array { first: usize },
    /// An object whose keys and values are those from these positions on.
    Object { first: usize, first_key: usize },
}

struct Decoder {
    lexer: Lexer,
    open: Vec<Open>,
    values: Vec<Value>,
    keys: Vec<StringHandle>,
    shapes: Shapes,
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
    let mut decoder = Decoder {
        lexer,
        open: Vec::new(),
        values: Vec::new(),
        keys: Vec::new(),
        shapes: Shapes::default(),
        max_depth,
        slots: 1,
        tokens: 0,
    };
    call.charge(length as u64 / 64)?;
    let outcome = decoder.run(call.runtime);
    let (at, token_at) = (decoder.lexer.at, decoder.lexer.token_at);
    let depth = decoder.open.len() + 1;
    if decoder.lexer.input.capacity() <= 1 << 16 {
        call.runtime.libraries.buffer = decoder.lexer.input;
        call.runtime.libraries.buffer.clear();
    }
    match outcome {
        Ok(value) => {
            call.push(value);
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

impl Decoder {
    fn run(&mut self, runtime: &mut Runtime) -> Result<Value, Failure> {
        let mut token = self.lexer.next();
        loop {
            self.tokens += 1;
            if self.tokens == STRIDE {
                self.tokens = 0;
                runtime.meter.charge(u64::from(STRIDE) / 4)?;
                let waiting = self.values.capacity() * size_of::<Value>();
                if !runtime.heap.has_room(waiting) {
                    return Err(Raise::OutOfMemory.into());
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
                            Token::End => Ok(value),
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
                    Some(Open::Object { first, first_key }) => {
                        let (first, first_key) = (*first, *first_key);
                        self.values.push(value);
                        match self.lexer.next() {
                            Token::Comma => {
                                let next = self.lexer.next();
                                self.key(runtime, next, self.keys.len() - first_key)?;
                                break;
                            }
                            Token::ObjectEnd => {
                                let keys = &self.keys[first_key..];
                                let members = &self.values[first..];
                                let depth = self.open.len();
                                let heap = &mut runtime.heap;
                                value = self.shapes.build(heap, depth, keys, members).into();
                                self.keys.truncate(first_key);
                                self.values.truncate(first);
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
        let table = runtime
            .heap
            .new_table(elements.len().next_power_of_two(), 0);
        // The table is new, so nothing older comes to refer to the elements.
        runtime.heap.tables[table.index()].array[..elements.len()].copy_from_slice(elements);
        self.values.truncate(first);
        table
    }
}
