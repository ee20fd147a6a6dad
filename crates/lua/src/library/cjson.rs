//! The `cjson` library: JSON to and from Lua values, with lua-cjson's settings and texts.
//!
//! Settings belong to the VM; a table made by `cjson.new` has its own, in a userdata that is the upvalue of its
//! functions. `array_mt`, `empty_array_mt`, `empty_array` and `encode_empty_table_as_object` go beyond what Redis
//! ships: later versions of the library have them, and a script that does not use them sees no difference.

mod decode;
mod encode;
mod lexer;

use super::base::HIDDEN;
use crate::heap::Heap;
use crate::native::{Call, Flow, NativeFunction, NativeResult, Raise};
use crate::value::{TableHandle, Value};

const NAME: &str = "cjson";
const VERSION: &str = "2.1.0";

/// `cjson.null`.
pub(crate) const NULL: Value = Value::LightUserdata(0);
/// `cjson.empty_array`.
const EMPTY_ARRAY: u64 = 1;

const ENTRIES: &[(&str, NativeFunction)] = &[
    ("encode", encode::encode),
    ("decode", decode::decode),
    ("encode_sparse_array", encode_sparse_array),
    ("encode_max_depth", encode_max_depth),
    ("decode_max_depth", decode_max_depth),
    ("encode_number_precision", encode_number_precision),
    ("encode_keep_buffer", encode_keep_buffer),
    ("encode_invalid_numbers", encode_invalid_numbers),
    ("decode_invalid_numbers", decode_invalid_numbers),
    ("new", new),
];

/// What Redis has, in an order after which `pairs` finds it as there.
const NAMES: &[&str] = &[
    "_VERSION",
    "encode_sparse_array",
    "encode_invalid_numbers",
    "encode_max_depth",
    "encode_number_precision",
    "encode_keep_buffer",
    "decode",
    "new",
    "decode_invalid_numbers",
    "null",
    "_NAME",
    "encode",
    "decode_max_depth",
];

/// What becomes of NaN and the infinities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidNumbers {
    /// They are an error.
    Off,
    /// They are written and read, though JSON has no such thing.
    On,
    /// They are written as null.
    Null,
}

/// What a script can set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether an excessively sparse array becomes an object instead of an error.
    pub sparse_convert: bool,
    /// How many slots per element make an array excessively sparse; 0: none are too many.
    pub sparse_ratio: i32,
    /// Up to which length no array is excessively sparse.
    pub sparse_safe: i32,
    /// How deep tables that are encoded may be nested.
    pub encode_max_depth: i32,
    /// How deep decoded arrays and objects may be nested.
    pub decode_max_depth: i32,
    /// Significant digits of encoded numbers, 1 to 14.
    pub number_precision: i32,
    /// Kept for scripts that read it back.
    pub keep_buffer: bool,
    /// NaN and infinities in encoding.
    pub encode_invalid_numbers: InvalidNumbers,
    /// Hexadecimal numbers, NaN, infinities and leading zeros in decoding.
    pub decode_invalid_numbers: bool,
    /// Whether a table without entries is an object.
    pub empty_table_as_object: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sparse_convert: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_max_depth: 1000,
            decode_max_depth: 1000,
            number_precision: 14,
            keep_buffer: true,
            encode_invalid_numbers: InvalidNumbers::Off,
            decode_invalid_numbers: true,
            empty_table_as_object: true,
        }
    }
}

/// The metatables that mark arrays; the same for all instances.
#[derive(Clone, Copy, Default)]
pub(crate) struct ArrayMetatables {
    array: Option<TableHandle>,
    empty_array: Option<TableHandle>,
}

/// Adds the library to the global table.
pub fn open(heap: &mut Heap) {
    let array = heap.new_table(0, 0);
    let empty_array = heap.new_table(0, 0);
    let library = make(
        heap,
        Value::Nil,
        Value::Table(array),
        Value::Table(empty_array),
    );
    super::install(heap, "cjson", library);
}

/// Makes a library table whose functions use the settings in `settings`, a userdata, or the VM's if that is nil.
fn make(heap: &mut Heap, settings: Value, array: Value, empty_array: Value) -> TableHandle {
    let library = heap.new_table(0, 16);
    let upvalues = [settings, array, empty_array];
    for &(name, function) in ENTRIES {
        let native = heap.new_native(function, &upvalues);
        heap.raw_set_field(library, name, Value::Native(native));
    }
    heap.raw_set_field(library, "null", NULL);
    let name = heap.new_string(NAME.as_bytes());
    heap.raw_set_field(library, "_NAME", name.into());
    let version = heap.new_string(VERSION.as_bytes());
    heap.raw_set_field(library, "_VERSION", version.into());
    heap.arrange_fields(library, 0, NAMES);
    let more = more(heap, &upvalues);
    heap.set_table_metatable(library, Some(more));
    library
}

/// The metatable through which a library table has what goes beyond Redis: `pairs` lists the same names as there.
fn more(heap: &mut Heap, upvalues: &[Value; 3]) -> TableHandle {
    let more = heap.new_table(0, 4);
    let native = heap.new_native(encode_empty_table_as_object, upvalues);
    heap.raw_set_field(more, "encode_empty_table_as_object", Value::Native(native));
    heap.raw_set_field(more, "empty_array", Value::LightUserdata(EMPTY_ARRAY));
    heap.raw_set_field(more, "array_mt", upvalues[1]);
    heap.raw_set_field(more, "empty_array_mt", upvalues[2]);
    heap.set_readonly(more, true);
    let metatable = heap.new_table(0, 2);
    heap.raw_set_field(metatable, "__index", Value::Table(more));
    heap.raw_set_field(metatable, "__metatable", Value::LightUserdata(HIDDEN));
    heap.set_readonly(metatable, true);
    metatable
}

fn new(call: &mut Call<'_>) -> NativeResult {
    let (array, empty_array) = (call.upvalue(1), call.upvalue(2));
    let heap = call.heap_mut();
    let settings = heap.new_userdata(Box::new(Settings::default()), None);
    let library = make(heap, Value::Userdata(settings), array, empty_array);
    call.return_value(library)
}

/// The settings of the library table the running function belongs to.
fn settings<'a>(call: &'a mut Call<'_>) -> &'a mut Settings {
    let runtime = &mut *call.runtime;
    let own = match runtime.heap.native_upvalue(call.function, 0) {
        Value::Userdata(userdata) => runtime.heap.userdata_mut(userdata),
        _ => None,
    };
    own.unwrap_or(&mut runtime.libraries.cjson)
}

fn array_metatables(call: &Call<'_>) -> ArrayMetatables {
    let table = |value| match value {
        Value::Table(table) => Some(table),
        _ => None,
    };
    ArrayMetatables {
        array: table(call.upvalue(1)),
        empty_array: table(call.upvalue(2)),
    }
}

/// Fails if there are more than `most` arguments.
fn limit_arguments(call: &mut Call<'_>, most: usize) -> Result<(), Raise> {
    if call.argument_count() > most {
        return Err(call.argument_error(most + 1, "found too many arguments"));
    }
    Ok(())
}

/// Argument `n` as a boolean (`true`, `"on"` …); none if it is missing or nil.
fn boolean_option(call: &mut Call<'_>, n: usize) -> Result<Option<bool>, Raise> {
    match call.argument(n) {
        Value::Nil => Ok(None),
        Value::Boolean(boolean) => Ok(Some(boolean)),
        _ => Ok(Some(call.check_option(n, None, &["off", "on"])? == 1)),
    }
}

/// Argument `n` as an integer of at least `least`; none if it is missing or nil.
fn integer_option(
    call: &mut Call<'_>,
    n: usize,
    least: i32,
    most: i32,
) -> Result<Option<i32>, Raise> {
    if call.is_none_or_nil(n) {
        return Ok(None);
    }
    let value = call.check_integer(n)? as i32;
    if !(least..=most).contains(&value) {
        // The original blames the first argument, whichever it is.
        let message = format!("expected integer between {least} and {most}");
        return Err(call.argument_error(1, message));
    }
    Ok(Some(value))
}

fn encode_sparse_array(call: &mut Call<'_>) -> NativeResult {
    limit_arguments(call, 3)?;
    if let Some(convert) = boolean_option(call, 1)? {
        settings(call).sparse_convert = convert;
    }
    if let Some(ratio) = integer_option(call, 2, 0, i32::MAX)? {
        settings(call).sparse_ratio = ratio;
    }
    if let Some(safe) = integer_option(call, 3, 0, i32::MAX)? {
        settings(call).sparse_safe = safe;
    }
    let now = settings(call).clone();
    call.push(now.sparse_convert);
    call.push(f64::from(now.sparse_ratio));
    call.push(f64::from(now.sparse_safe));
    Ok(Flow::Return(3))
}

fn encode_max_depth(call: &mut Call<'_>) -> NativeResult {
    limit_arguments(call, 1)?;
    if let Some(depth) = integer_option(call, 1, 1, i32::MAX)? {
        settings(call).encode_max_depth = depth;
    }
    let now = settings(call).encode_max_depth;
    call.return_value(f64::from(now))
}

fn decode_max_depth(call: &mut Call<'_>) -> NativeResult {
    limit_arguments(call, 1)?;
    if let Some(depth) = integer_option(call, 1, 1, i32::MAX)? {
        settings(call).decode_max_depth = depth;
    }
    let now = settings(call).decode_max_depth;
    call.return_value(f64::from(now))
}

fn encode_number_precision(call: &mut Call<'_>) -> NativeResult {
    limit_arguments(call, 1)?;
    if let Some(precision) = integer_option(call, 1, 1, 14)? {
        settings(call).number_precision = precision;
    }
    let now = settings(call).number_precision;
    call.return_value(f64::from(now))
}

fn encode_keep_buffer(call: &mut Call<'_>) -> NativeResult {
    limit_arguments(call, 1)?;
    if let Some(keep) = boolean_option(call, 1)? {
        settings(call).keep_buffer = keep;
    }
    let now = settings(call).keep_buffer;
    call.return_value(now)
}

fn encode_empty_table_as_object(call: &mut Call<'_>) -> NativeResult {
    limit_arguments(call, 1)?;
    if let Some(object) = boolean_option(call, 1)? {
        settings(call).empty_table_as_object = object;
    }
    let now = settings(call).empty_table_as_object;
    call.return_value(now)
}

fn encode_invalid_numbers(call: &mut Call<'_>) -> NativeResult {
    limit_arguments(call, 1)?;
    let chosen = match call.argument(1) {
        Value::Nil => None,
        Value::Boolean(true) => Some(InvalidNumbers::On),
        Value::Boolean(false) => Some(InvalidNumbers::Off),
        _ => Some(match call.check_option(1, None, &["off", "on", "null"])? {
            0 => InvalidNumbers::Off,
            1 => InvalidNumbers::On,
            _ => InvalidNumbers::Null,
        }),
    };
    if let Some(chosen) = chosen {
        settings(call).encode_invalid_numbers = chosen;
    }
    match settings(call).encode_invalid_numbers {
        InvalidNumbers::Off => call.return_value(false),
        InvalidNumbers::On => call.return_value(true),
        InvalidNumbers::Null => call.return_string(b"null"),
    }
}

fn decode_invalid_numbers(call: &mut Call<'_>) -> NativeResult {
    limit_arguments(call, 1)?;
    if let Some(accept) = boolean_option(call, 1)? {
        settings(call).decode_invalid_numbers = accept;
    }
    let now = settings(call).decode_invalid_numbers;
    call.return_value(now)
}
