//! The script's world: which globals there are, and that none of them can be changed.

use std::sync::{Arc, LazyLock};

use lua::heap::Heap;
use lua::native::{Call, Flow, NativeResult};
use lua::number::to_text;
use lua::proto::Proto;
use lua::value::{TableHandle, Type, Value};
use lua::{Outcome, Vm};

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

/// All globals, in an order after which `pairs` finds them as in Redis. There, `debug` has been among them, which leaves a gap.
const GLOBALS: &[&str] = &[
    "getmetatable",
    "struct",
    "rawequal",
    "type",
    "tonumber",
    "string",
    "math",
    "cjson",
    "pcall",
    "_VERSION",
    "collectgarbage",
    "setmetatable",
    "load",
    "error",
    "assert",
    "ipairs",
    "tostring",
    "unpack",
    "pairs",
    "coroutine",
    "next",
    "debug",
    "select",
    "loadstring",
    "table",
    "_G",
    "gcinfo",
    "rawget",
    "xpcall",
    "rawset",
    "cmsgpack",
    "bit",
    "ARGV",
    "__redis__err__handler",
    "redis",
    "KEYS",
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
        let handler = error_handler(vm);
        let heap = &mut vm.runtime.heap;
        heap.raw_set_field(globals, "__redis__err__handler", handler);
        // Room for these, so that a run's own tables change nothing but their values.
        heap.raw_set_field(globals, "KEYS", Value::Boolean(false));
        heap.raw_set_field(globals, "ARGV", Value::Boolean(false));
    }
    vm.runtime
        .heap
        .arrange_fields(globals, GLOBALS.len(), GLOBALS);
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
        Value::String(name) => call.bytes(name).to_vec(),
        Value::Number(number) => to_text(number).as_bytes().to_vec(),
        _ => {
            let text = "Second argument to luaProtectedTableError must be a string or number";
            return Err(call.error(text));
        }
    };
    let before = b"Script attempted to access nonexistent global variable '";
    Err(call.error([before, name.as_slice(), b"'"].concat()))
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
/// raised. It is a Lua function there as well, which shows where it is called at the end of a function. Its errors name line 10.
const ERROR_HANDLER: &str = "local place = ...
return function(err)
    local kind, source, line = place(2)
    if kind == 'C' then
        kind, source, line = place(3)
    end
    -- A text gets the code that every error begins with.
    if type(err) ~= 'table' then err = { err = 'ERR ' .. tostring(err) } end
    if kind then
        err.source = source
        err.line = line
    end
    return err
end";

/// Makes the function from [`ERROR_HANDLER`].
fn error_handler(vm: &mut Vm) -> Value {
    static CODE: LazyLock<Option<Arc<Proto>>> = LazyLock::new(|| {
        let proto = lua::compiler::compile(ERROR_HANDLER.as_bytes(), b"@err_handler_def");
        debug_assert!(proto.is_ok(), "the error handler is no Lua");
        proto.ok().map(Arc::new)
    });
    let Some(code) = &*CODE else {
        return Value::Nil;
    };
    let main = vm.load(code);
    let place = Value::Native(vm.runtime.heap.new_native(place, &[]));
    match vm.call(main, &[place], FUEL) {
        Outcome::Finished => vm.results().first().copied().unwrap_or_default(),
        Outcome::Suspended | Outcome::Failed(_) => Value::Nil,
    }
}

/// Enough to make a function.
const FUEL: u64 = 1000;

/// Kind, source and line of a level of the call stack.
fn place(call: &mut Call<'_>) -> NativeResult {
    let level = call.check_integer(1)?;
    let Some(place) = usize::try_from(level)
        .ok()
        .and_then(|level| call.place(level))
    else {
        return call.return_values(&[]);
    };
    let kind = call.new_string(if place.is_native { b"C" } else { b"Lua" });
    let source = call.new_string(&place.source);
    let line = place.line.map_or(-1.0, f64::from);
    call.return_values(&[kind.into(), source.into(), Value::Number(line)])
}
