//! `cmsgpack.unpack` and its streaming forms: a loop over items with the open arrays and maps on a stack.

use super::super::pause::{park, pause, resume_state, unpark};
use super::super::shapes::Shapes;
use super::super::string::STACK_SLOTS;
use crate::native::{Call, Flow, NativeResult, Raise};
use crate::runtime::Runtime;
use crate::table::TableError;
use crate::value::{StringHandle, TableHandle, Value};
use thiserror::Error;

/// Items between two looks at fuel and memory.
const STRIDE: u32 = 128;
/// Members of a large map that wait to be stored.
const MEMBERS: usize = 512;
/// Largest array part that is made before its elements are read: a length costs nothing to claim.
const TRUSTED_LENGTH: usize = 1 << 10;

/// Why unpacking stops; the texts are the original's.
#[derive(Debug, Error)]
enum UnpackError {
    #[error("Missing bytes in input.")]
    Missing,
    #[error("Bad data format in input.")]
    Format,
    #[error(
        "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)"
    )]
    TooManyValues,
    #[error("stack overflow (in function mp_decode_to_lua_array)")]
    TooDeep,
    #[error("stack overflow (in function mp_unpack_full)")]
    NoRoomForOffset,
    #[error("{0}")]
    Key(TableError),
    #[error("stopped")]
    Raise(Raise),
}

impl From<Raise> for UnpackError {
    fn from(raise: Raise) -> UnpackError {
        UnpackError::Raise(raise)
    }
}

pub(super) fn unpack(call: &mut Call<'_>) -> NativeResult {
    unpack_items(call, 0, 0)
}

pub(super) fn unpack_one(call: &mut Call<'_>) -> NativeResult {
    let offset = call.optional_integer(2, 0)?;
    unpack_items(call, 1, offset)
}

pub(super) fn unpack_limit(call: &mut Call<'_>) -> NativeResult {
    let limit = call.check_integer(2)?;
    let offset = call.optional_integer(3, 0)?;
    unpack_items(call, limit, offset)
}

/// Unpacks up to `limit` items from `offset` on, and then returns first where to go on, or -1 at the end. Without limit
/// and offset it unpacks everything.
fn unpack_items(call: &mut Call<'_>, limit: i64, offset: i64) -> NativeResult {
    let text = call.check_string(1)?;
    let length = call.bytes(text).len();
    let (Ok(limit), Ok(start)) = (usize::try_from(limit), usize::try_from(offset)) else {
        // The original shows the length as the limit, and 32 bits of the offset.
        let message = format!(
            "Invalid request to unpack with offset of {} and limit of {length}.",
            offset as i32
        );
        return Err(call.error(message));
    };
    if start > length {
        let message = format!(
            "Start offset {} greater than input length {length}.",
            offset as i32
        );
        return Err(call.error(message));
    }
    let everything = limit == 0 && start == 0;
    call.reserve(length - start)?;
    // The text is read while the heap grows, so it is copied out of it first.
    let mut input = std::mem::take(&mut call.runtime.libraries.buffer);
    input.clear();
    input.extend_from_slice(&call.bytes(text)[start..]);
    call.charge(input.len() as u64 / 64)?;
    let unpacking = Unpacking {
        reader: Reader {
            input,
            at: 0,
            open: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
            shapes: Shapes::default(),
            count: 0,
            slots: 0,
        },
        results: Vec::new(),
        limit: (!everything).then_some(limit),
        start,
    };
    proceed(call, unpacking)
}

/// A running `unpack`.
struct Unpacking {
    reader: Reader,
    results: Vec<Value>,
    /// How many items to read at most; none to read everything and to return no offset.
    limit: Option<usize>,
    /// Offset of the reader's input in the text.
    start: usize,
}

fn proceed(call: &mut Call<'_>, mut unpacking: Unpacking) -> NativeResult {
    match unpacking.run(call.runtime) {
        Ok(true) => {}
        Ok(false) => {
            unpacking.park(call);
            return pause(call, Box::new(unpacking), resume);
        }
        Err(UnpackError::Raise(raise)) => return Err(raise),
        // Raised by the table itself, where there is no position.
        Err(UnpackError::Key(error)) => return Err(call.error_without_position(error.to_string())),
        Err(error) => return Err(call.error(error.to_string())),
    }
    let Unpacking {
        reader,
        results,
        limit,
        start,
    } = unpacking;
    let (at, mut input) = (reader.at, reader.input);
    let rest = input.len() - at;
    if input.capacity() <= 1 << 16 {
        input.clear();
        call.runtime.libraries.buffer = input;
    }
    if limit.is_some() {
        call.push(if rest == 0 { -1.0 } else { (start + at) as f64 });
    }
    for &value in &results {
        call.push(value);
    }
    Ok(Flow::Return(results.len() + usize::from(limit.is_some())))
}

fn resume(call: &mut Call<'_>) -> NativeResult {
    let mut unpacking = resume_state::<Unpacking>(call);
    unpacking.unpark(call);
    proceed(call, *unpacking)
}

impl Unpacking {
    /// Reads on; false if the host wants the run to pause.
    fn run(&mut self, runtime: &mut Runtime) -> Result<bool, UnpackError> {
        let reader = &mut self.reader;
        let most = self.limit.unwrap_or(usize::MAX);
        while !reader.open.is_empty()
            || (reader.at < reader.input.len() && self.results.len() < most)
        {
            if reader.open.is_empty() {
                reader.slots = 1 + self.results.len();
            }
            match reader.item(runtime)? {
                Some(value) => self.results.push(value),
                None => return Ok(false),
            }
        }
        if self.limit.is_some() && self.results.len() + 2 > STACK_SLOTS {
            return Err(UnpackError::NoRoomForOffset);
        }
        Ok(true)
    }

    /// Puts what only the state refers to where the collector sees it.
    fn park(&mut self, call: &mut Call<'_>) {
        let reader = &mut self.reader;
        let mut others: Vec<Value> = reader.keys.iter().copied().map(Value::String).collect();
        for open in &reader.open {
            match open {
                Open::Array { table, .. } => others.push(Value::Table(*table)),
                Open::Map(map) => {
                    others.extend(map.table.map(Value::Table));
                    others.extend(map.key);
                }
            }
        }
        others.extend(&self.results);
        park(call, others);
        park(call, std::mem::take(&mut self.reader.values));
        // The shapes refer to keys as well.
        self.reader.shapes = Shapes::default();
    }

    fn unpark(&mut self, call: &mut Call<'_>) {
        self.reader.values = unpark(call);
        // The state still has the others.
        call.pop();
    }
}

/// An array or map that is not complete.
enum Open {
    Array {
        table: TableHandle,
        next: usize,
        length: usize,
    },
    Map(Map),
}

/// A map that is not complete. As long as its keys are strings, its members wait on the stacks from these positions
/// on; else they are in its table.
struct Map {
    table: Option<TableHandle>,
    first: usize,
    first_key: usize,
    /// The key whose value is awaited.
    key: Option<Value>,
    left: usize,
}

struct Reader {
    input: Vec<u8>,
    at: usize,
    open: Vec<Open>,
    keys: Vec<StringHandle>,
    values: Vec<Value>,
    shapes: Shapes,
    count: u32,
    /// Stack slots the original would use.
    slots: usize,
}

/// An item's head.
enum Item {
    Value(Value),
    Array(usize),
    Map(usize),
}

impl Reader {
    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], UnpackError> {
        let bytes = self
            .input
            .get(self.at..)
            .and_then(|rest| rest.first_chunk::<N>());
        let bytes = *bytes.ok_or(UnpackError::Missing)?;
        self.at += N;
        Ok(bytes)
    }

    fn length16(&mut self) -> Result<usize, UnpackError> {
        Ok(usize::from(u16::from_be_bytes(self.array()?)))
    }

    fn length32(&mut self) -> Result<usize, UnpackError> {
        Ok(u32::from_be_bytes(self.array()?) as usize)
    }

    /// One whole item, or the rest of one that is open; none if the host wants the run to pause.
    fn item(&mut self, runtime: &mut Runtime) -> Result<Option<Value>, UnpackError> {
        loop {
            self.count += 1;
            if self.count == STRIDE {
                self.count = 0;
                runtime.meter.charge(u64::from(STRIDE) / 4)?;
                let waiting = self.values.capacity() * size_of::<Value>()
                    + self.keys.capacity() * size_of::<StringHandle>();
                if !runtime.heap.has_room(waiting + self.input.capacity()) {
                    return Err(Raise::OutOfMemory.into());
                }
                if runtime.meter.suspend_requested {
                    return Ok(None);
                }
            }
            if self.slots + 1 > STACK_SLOTS {
                return Err(UnpackError::TooManyValues);
            }
            let mut value = match self.head(runtime)? {
                Item::Value(value) => value,
                Item::Array(length) => {
                    if self.slots + 2 > STACK_SLOTS {
                        return Err(UnpackError::TooDeep);
                    }
                    // Growing element by element comes to a power of two.
                    let room = if length <= TRUSTED_LENGTH.min(self.input.len() - self.at) {
                        length.checked_next_power_of_two().unwrap_or(0)
                    } else {
                        0
                    };
                    let table = runtime
                        .heap
                        .new_table(if length == 0 { 0 } else { room }, 0);
                    if length > 0 {
                        self.slots += 2;
                        self.open.push(Open::Array {
                            table,
                            next: 0,
                            length,
                        });
                        continue;
                    }
                    Value::Table(table)
                }
                Item::Map(length) => {
                    if length > 0 {
                        // The table; the key joins it later.
                        self.slots += 1;
                        self.open.push(Open::Map(Map {
                            table: None,
                            first: self.values.len(),
                            first_key: self.keys.len(),
                            key: None,
                            left: length,
                        }));
                        continue;
                    }
                    Value::Table(runtime.heap.new_table(0, 0))
                }
            };
            // A complete value may complete what it stands in.
            loop {
                match self.open.last_mut() {
                    None => return Ok(Some(value)),
                    Some(Open::Array {
                        table,
                        next,
                        length,
                    }) => {
                        if value.is_nil() {
                            runtime.heap.shrink_array(*table, *next);
                        }
                        *next += 1;
                        runtime.heap.raw_set_integer(*table, *next as i64, value);
                        if next < length {
                            break;
                        }
                        value = Value::Table(*table);
                        self.slots -= 2;
                    }
                    Some(Open::Map(map)) => match map.key.take() {
                        None => {
                            map.key = Some(value);
                            self.slots += 1;
                            break;
                        }
                        Some(key) => {
                            match (map.table, key) {
                                (None, Value::String(key)) if !value.is_nil() => {
                                    self.keys.push(key);
                                    self.values.push(value);
                                    if self.values.len() - map.first == MEMBERS {
                                        map.fill(runtime, &mut self.keys, &mut self.values);
                                    }
                                }
                                _ => {
                                    let table = map.fill(runtime, &mut self.keys, &mut self.values);
                                    runtime
                                        .heap
                                        .raw_set(table, key, value)
                                        .map_err(UnpackError::Key)?;
                                }
                            }
                            self.slots -= 1;
                            map.left -= 1;
                            if map.left > 0 {
                                break;
                            }
                            let (table, first, first_key) = (map.table, map.first, map.first_key);
                            value = match table {
                                Some(table) => Value::Table(table),
                                None => {
                                    let keys = &self.keys[first_key..];
                                    let members = &self.values[first..];
                                    let depth = self.open.len();
                                    let heap = &mut runtime.heap;
                                    self.shapes.build(heap, depth, keys, members).into()
                                }
                            };
                            self.keys.truncate(first_key);
                            self.values.truncate(first);
                            self.slots -= 1;
                        }
                    },
                }
                self.open.pop();
            }
        }
    }

    #[inline]
    fn head(&mut self, runtime: &mut Runtime) -> Result<Item, UnpackError> {
        let [marker] = self.array()?;
        let number = match marker {
            0x00..=0x7f => f64::from(marker),
            0xe0..=0xff => f64::from(marker as i8),
            0xa0..=0xbf => return self.string(runtime, usize::from(marker & 0x1f)),
            0x90..=0x9f => return Ok(Item::Array(usize::from(marker & 0x0f))),
            0x80..=0x8f => return Ok(Item::Map(usize::from(marker & 0x0f))),
            0xc0 => return Ok(Item::Value(Value::Nil)),
            0xc2 => return Ok(Item::Value(Value::Boolean(false))),
            0xc3 => return Ok(Item::Value(Value::Boolean(true))),
            0xca => f64::from(f32::from_be_bytes(self.array()?)),
            0xcb => f64::from_be_bytes(self.array()?),
            0xcc => f64::from(u8::from_be_bytes(self.array()?)),
            0xcd => f64::from(u16::from_be_bytes(self.array()?)),
            0xce => f64::from(u32::from_be_bytes(self.array()?)),
            // The original reads the unsigned form as signed too.
            0xcf | 0xd3 => i64::from_be_bytes(self.array()?) as f64,
            0xd0 => f64::from(i8::from_be_bytes(self.array()?)),
            0xd1 => f64::from(i16::from_be_bytes(self.array()?)),
            0xd2 => f64::from(i32::from_be_bytes(self.array()?)),
            0xd9 => {
                let [length] = self.array()?;
                return self.string(runtime, usize::from(length));
            }
            0xda => {
                let length = self.length16()?;
                return self.string(runtime, length);
            }
            0xdb => {
                let length = self.length32()?;
                return self.string(runtime, length);
            }
            0xdc => return self.length16().map(Item::Array),
            0xdd => return self.length32().map(Item::Array),
            0xde => return self.length16().map(Item::Map),
            0xdf => return self.length32().map(Item::Map),
            _ => return Err(UnpackError::Format),
        };
        Ok(Item::Value(Value::Number(number)))
    }

    fn string(&mut self, runtime: &mut Runtime, length: usize) -> Result<Item, UnpackError> {
        let guess = match self.open.last() {
            Some(Open::Map(Map {
                key: None,
                table: None,
                first_key,
                ..
            })) => self
                .shapes
                .guess(self.open.len(), self.keys.len() - first_key),
            _ => None,
        };
        let heap = &mut runtime.heap;
        let end = self.at.checked_add(length).ok_or(UnpackError::Missing)?;
        let bytes = self.input.get(self.at..end).ok_or(UnpackError::Missing)?;
        self.at = end;
        let string = match guess {
            Some(guess) if heap.bytes(guess) == bytes => guess,
            _ => heap.new_string(bytes),
        };
        Ok(Item::Value(Value::String(string)))
    }
}

impl Map {
    /// The map's table, with the members that waited in it.
    #[cold]
    fn fill(
        &mut self,
        runtime: &mut Runtime,
        keys: &mut Vec<StringHandle>,
        values: &mut Vec<Value>,
    ) -> TableHandle {
        if let Some(table) = self.table {
            return table;
        }
        let table = runtime.heap.new_table(0, 0);
        for (key, value) in keys.drain(self.first_key..).zip(values.drain(self.first..)) {
            runtime.heap.raw_set_string(table, key, value);
        }
        self.table = Some(table);
        table
    }
}
