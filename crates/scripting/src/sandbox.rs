//! The script's world: which globals there are, and that none of them can be changed.

use lua::Vm;
use lua::heap::Heap;
use lua::native::{Call, Flow, NativeResult};
use lua::number::to_text;
use lua::value::{TableHandle, Type, Value};

use crate::machine::World;
use crate::redis_api;

/// The base functions that scripts may use; all others are taken away.
const BASE_FUNCTIONS: &[&str] = &[
    "assert",
    "collectgarbage",
    "error",
    "gcinfo",
    "getmetatable",
    "ipairs",
    "load",
    "loadstring",
    "next",
    "pairs",
    "pcall",
    "rawequal",
    "rawget",
    "rawset",
    "select",
    "setmetatable",
    "tonumber",
    "tostring",
    "type",
    "unpack",
    "xpcall",
    "_G",
    "_VERSION",
];

/// The libraries that scripts may use.
const LIBRARIES: &[&str] = &[
    "string",
    "table",
    "math",
    "coroutine",
    "bit",
    "cjson",
    "cmsgpack",
    "struct",
];

/// Fills a new VM with what scripts or functions see, and locks it.
pub(crate) fn build(vm: &mut Vm, world: World) {
    lua::library::open_all(vm);
    let globals = vm.globals();
    remove_others(vm, globals);
    redis_api::register(vm, world);
    let heap = &mut vm.runtime.heap;
    let pcall = heap.new_native(protected_call, &[]);
    heap.mark_protected_call(pcall, returned_error);
    heap.raw_set_field(globals, "pcall", Value::Native(pcall));
    if world == World::Scripts {
        let handler = heap.new_native(error_handler, &[]);
        heap.raw_set_field(globals, "__redis__err__handler", Value::Native(handler));
        // Room for these, so that a run's own tables change nothing but their values.
        heap.raw_set_field(globals, "KEYS", Value::Boolean(false));
        heap.raw_set_field(globals, "ARGV", Value::Boolean(false));
    }
    lock(vm, globals);
    guard(&mut vm.runtime.heap, globals);
}

/// Makes a table read-only, and reading what it does not have an error.
pub(crate) fn guard(heap: &mut Heap, table: TableHandle) {
    let guard = heap.new_table(0, 1);
    let missing = heap.new_native(missing_global, &[]);
    heap.raw_set_field(guard, "__index", Value::Native(missing));
    heap.set_table_metatable(table, Some(guard));
    heap.set_readonly(guard, true);
    heap.set_readonly(table, true);
}

fn remove_others(vm: &mut Vm, globals: TableHandle) {
    let heap = &mut vm.runtime.heap;
    let mut others = Vec::new();
    let mut position = 0;
    while let Some((next, key, _)) = heap.entry_from(globals, position) {
        position = next;
        if let Value::String(name) = key {
            let name = String::from_utf8_lossy(heap.bytes(name)).into_owned();
            if !BASE_FUNCTIONS.contains(&&*name) && !LIBRARIES.contains(&&*name) {
                others.push(name);
            }
        }
    }
    for name in others {
        heap.raw_set_field(globals, &name, Value::Nil);
    }
}

fn lock(vm: &mut Vm, globals: TableHandle) {
    let heap = &mut vm.runtime.heap;
    for name in LIBRARIES.iter().chain(&["redis"]) {
        if let Value::Table(library) = heap.raw_get_field(globals, name) {
            heap.set_readonly(library, true);
        }
    }
    let text = Value::String(heap.new_string(b""));
    if let Some(strings) = heap.metatable(text) {
        heap.set_readonly(strings, true);
    }
    debug_assert_eq!(text.kind(), Type::String);
}

fn missing_global(call: &mut Call<'_>) -> NativeResult {
    let name = match call.argument(2) {
        Value::String(name) => String::from_utf8_lossy(call.bytes(name)).into_owned(),
        Value::Number(number) => String::from_utf8_lossy(to_text(number).as_bytes()).into_owned(),
        _ => {
            let text = "Second argument to luaProtectedTableError must be a string or number";
            return Err(call.error(text));
        }
    };
    Err(call.error(format!(
        "Script attempted to access nonexistent global variable '{name}'"
    )))
}

/// `pcall` whose error is always a text: scripts from before errors were tables expect one.
fn protected_call(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() == 0 {
        // What Redis's own version, a Lua function, finds in the place of the missing function.
        let text = call.new_string(b"attempt to call a boolean value");
        return call.return_values(&[Value::Boolean(false), Value::String(text)]);
    }
    let arguments = call.argument_count() - 1;
    Ok(Flow::ProtectedCall {
        arguments,
        handler: None,
        resume: after_protected_call,
    })
}

fn after_protected_call(call: &mut Call<'_>) -> NativeResult {
    let results = call.callback_results();
    if !call.callback_failed() {
        let values: Vec<Value> = (1..=results).map(|n| call.callback_result(n)).collect();
        call.push(Value::Boolean(true));
        for &value in &values {
            call.push(value);
        }
        return Ok(Flow::Return(values.len() + 1));
    }
    let error = call.callback_result(1);
    let error = returned_error(call.heap_mut(), error);
    call.return_values(&[Value::Boolean(false), error])
}

/// What `pcall` returns of an error: the text in an error that is a table.
fn returned_error(heap: &mut Heap, error: Value) -> Value {
    let Value::Table(table) = error else {
        return error;
    };
    match heap.raw_get_field(table, "err") {
        text @ (Value::String(_) | Value::Number(_)) => text,
        _ => error,
    }
}

/// What Redis has as a global for its own use; scripts see it, so it is here: an error as a table that says where it was
/// raised.
fn error_handler(call: &mut Call<'_>) -> NativeResult {
    let error = call.argument(1);
    let table = match error {
        Value::Table(table) => {
            if call.heap().is_readonly(table) {
                let text = "err_handler_def:10: Attempt to modify a readonly table";
                return Err(call.error_without_position(text));
            }
            table
        }
        _ => {
            let heap = call.heap_mut();
            let (text, _) = crate::convert::error_text(heap, error);
            let table = heap.new_table(0, 1);
            let text = Value::String(heap.new_string(&text));
            heap.raw_set_field(table, "err", text);
            table
        }
    };
    // The function that raised the error may be a native one.
    let places = [call.position(1), call.position(2)];
    let place = places.iter().find_map(|place| split_position(place));
    if let Some((chunk, line)) = place {
        let heap = call.heap_mut();
        let source = Value::String(heap.new_string(&[b"@", chunk].concat()));
        heap.raw_set_field(table, "source", source);
        heap.raw_set_field(table, "line", Value::Number(line));
    }
    call.return_value(Value::Table(table))
}

/// The chunk and the line of `chunk:line: `.
fn split_position(position: &[u8]) -> Option<(&[u8], f64)> {
    let text = position.strip_suffix(b": ")?;
    let colon = text.iter().rposition(|&byte| byte == b':')?;
    let line = std::str::from_utf8(&text[colon + 1..]).ok()?.parse().ok()?;
    Some((&text[..colon], line))
}
