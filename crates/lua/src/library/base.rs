//! The base library, without what touches files (`dofile`, `loadfile`, `print`).

use std::sync::Arc;

use crate::compiler;
use crate::heap::Heap;
use crate::library::LibraryState;
use crate::meter::Meter;
use crate::native::{Call, Flow, LibraryEntry, NativeResult, Raise};
use crate::number;
use crate::runtime::Runtime;
use crate::shortcut::{LONGEST_TEXT, MOST_RESULTS, Shortcut};
use crate::thread::Frame;
use crate::value::{ClosureHandle, NativeHandle, TableHandle, Type, Value};
use crate::vm::{Level, copy_value};

/// The most values a function may have on its stack, as `unpack` counts (5.1's `LUAI_MAXCSTACK`).
const MAX_STACK_VALUES: i64 = 8_000;

const FUNCTIONS: &[LibraryEntry] = &[
    ("assert", assert),
    ("collectgarbage", collect_garbage),
    ("error", error),
    ("gcinfo", garbage_info),
    ("getfenv", get_environment),
    ("getmetatable", get_metatable),
    ("load", load),
    ("loadstring", load_string),
    ("next", next),
    ("pcall", protected_call),
    ("rawequal", raw_equal),
    ("rawget", raw_get),
    ("rawset", raw_set),
    ("select", select),
    ("setfenv", set_environment),
    ("setmetatable", set_metatable),
    ("tonumber", to_number),
    ("tostring", to_string),
    ("type", type_of),
    ("unpack", unpack),
    ("xpcall", protected_call_with_handler),
];

/// The functions that mostly just look at their arguments.
const SHORTCUTS: &[(&str, Shortcut)] = &[
    ("assert", Shortcut::first(assert_short)),
    ("ipairs", Shortcut::window(ipairs_short)),
    ("pairs", Shortcut::window(pairs_short)),
    ("rawequal", Shortcut::single(raw_equal_short)),
    ("rawget", Shortcut::single(raw_get_short)),
    ("select", Shortcut::first(select_short)),
    ("setmetatable", Shortcut::single(set_metatable_short)),
    ("tonumber", Shortcut::single(to_number_short)),
    ("tostring", Shortcut::single(to_string_short)),
    ("type", Shortcut::single(type_of_short)),
    ("unpack", Shortcut::window(unpack_short)),
];

/// Puts the base library into the global table.
pub fn open(runtime: &mut Runtime) {
    let heap = &mut runtime.heap;
    let globals = heap.globals;
    heap.raw_set_field(globals, "_G", Value::Table(globals));
    let version = heap.new_string(b"Lua 5.1");
    heap.raw_set_field(globals, "_VERSION", version.into());
    heap.register(globals, FUNCTIONS);
    if let Value::Native(native) = heap.raw_get_field(globals, "pcall") {
        heap.mark_protected_call(native, |_, error| error);
    }
    // The function pairs returns is not the global one, as in 5.1.
    let next = heap.new_native(next, &[]);
    let step = heap.new_native(ipairs_step, &[]);
    heap.iterators.next = Some(next);
    heap.iterators.ipairs_step = Some(step);
    let pairs = heap.new_native(pairs, &[Value::Native(next)]);
    heap.raw_set_field(globals, "pairs", Value::Native(pairs));
    let ipairs = heap.new_native(ipairs, &[Value::Native(step)]);
    heap.raw_set_field(globals, "ipairs", Value::Native(ipairs));
    heap.add_shortcuts(globals, SHORTCUTS);
    // Proxies made by newproxy share metatables; this weak table knows which metatables are theirs.
    let proxies = heap.new_table(0, 1);
    let mode = heap.new_string(b"kv");
    heap.raw_set_field(proxies, "__mode", mode.into());
    heap.set_table_metatable(proxies, Some(proxies));
    let new_proxy = heap.new_native(new_proxy, &[Value::Table(proxies)]);
    heap.raw_set_field(globals, "newproxy", Value::Native(new_proxy));
}

// ---- errors and protected calls ----------------------------------------------------------------

fn assert(call: &mut Call<'_>) -> NativeResult {
    if call.check_any(1)?.is_truthy() {
        return Ok(Flow::Return(call.argument_count()));
    }
    let message = match call.optional_string(2)? {
        Some(message) => call.bytes(message).to_vec(),
        None => b"assertion failed!".to_vec(),
    };
    Err(call.error(message))
}

fn assert_short(_: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    arguments.first().copied().filter(|value| value.is_truthy())
}

fn error(call: &mut Call<'_>) -> NativeResult {
    let level = call.optional_integer(2, 1)?;
    let value = call.argument(1);
    if level > 0 && matches!(value, Value::String(_) | Value::Number(_)) {
        let mut text = call.runtime.position(level as usize);
        let message = call.check_string(1)?;
        text.extend_from_slice(call.bytes(message));
        return Err(Raise::Error(call.new_string(&text).into()));
    }
    Err(Raise::Error(value))
}

fn protected_call(call: &mut Call<'_>) -> NativeResult {
    call.check_any(1)?;
    let arguments = call.argument_count() - 1;
    // The first result, "true", takes the function's place; function and arguments move up.
    let last = call.argument(call.argument_count());
    call.push(last);
    for index in (2..=arguments + 1).rev() {
        let value = call.get(index - 1);
        call.set(index, value);
    }
    call.set(1, Value::Boolean(true));
    Ok(Flow::ProtectedCall {
        arguments,
        handler: None,
        resume: protected_call_ended,
    })
}

fn protected_call_with_handler(call: &mut Call<'_>) -> NativeResult {
    call.check_any(2)?;
    let (function, handler) = (call.argument(1), call.argument(2));
    call.set_top(0);
    call.push(true);
    call.push(function);
    Ok(Flow::ProtectedCall {
        arguments: 0,
        handler: Some(handler),
        resume: protected_call_ended,
    })
}

fn protected_call_ended(call: &mut Call<'_>) -> NativeResult {
    if call.callback_failed() {
        call.set(1, Value::Boolean(false));
    }
    Ok(Flow::Return(call.top()))
}

// ---- types and conversions ----------------------------------------------------------------------

fn type_of(call: &mut Call<'_>) -> NativeResult {
    let name = call.check_any(1)?.type_name();
    call.return_string(name.as_bytes())
}

fn type_of_short(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    let name = arguments.first()?.type_name();
    Some(Value::String(heap.new_string(name.as_bytes())))
}

fn to_string_short(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    match *arguments {
        [Value::Number(number), ..] if heap.metatable(Value::Number(number)).is_none() => {
            Some(Value::String(heap.number_to_string(number)))
        }
        _ => None,
    }
}

fn to_string(call: &mut Call<'_>) -> NativeResult {
    let value = call.check_any(1)?;
    let handler = call.metafield(value, "__tostring");
    if !handler.is_nil() {
        call.push(handler);
        call.push(value);
        return Ok(Flow::Call {
            arguments: 1,
            resume: to_string_called,
        });
    }
    let text = display(call.runtime, value);
    call.return_string(&text)
}

fn to_string_called(call: &mut Call<'_>) -> NativeResult {
    let result = call.callback_result(1);
    call.return_value(result)
}

/// What `tostring` makes of a value without metamethods.
pub(crate) fn display(runtime: &Runtime, value: Value) -> Vec<u8> {
    match value {
        Value::Nil => b"nil".to_vec(),
        Value::Boolean(true) => b"true".to_vec(),
        Value::Boolean(false) => b"false".to_vec(),
        Value::Number(number) => number::to_text(number).as_bytes().to_vec(),
        Value::String(string) => runtime.heap.bytes(string).to_vec(),
        Value::LightUserdata(0) => b"userdata: (nil)".to_vec(),
        object => {
            let address = object.address().unwrap_or_default();
            format!("{}: {address:#x}", value.type_name()).into_bytes()
        }
    }
}

fn to_number_short(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    match *arguments {
        [value @ Value::Number(_)] => Some(value),
        [Value::String(string)] => {
            let bytes = heap.bytes(string);
            if bytes.len() > LONGEST_TEXT {
                return None;
            }
            Some(number::parse(bytes).map_or(Value::Nil, Value::Number))
        }
        _ => None,
    }
}

fn to_number(call: &mut Call<'_>) -> NativeResult {
    let base = call.optional_integer(2, 10)? as i32;
    if base == 10 {
        let value = call.check_any(1)?;
        if let Value::String(text) = value {
            call.charge(call.bytes(text).len() as u64 / 16)?;
        }
        return match call.heap().to_number(value) {
            Some(number) => call.return_value(number),
            None => call.return_value(Value::Nil),
        };
    }
    let text = call.check_string(1)?;
    if !(2..=36).contains(&base) {
        return Err(call.argument_error(2, "base out of range"));
    }
    match number::parse_in_base(call.bytes(text), base as u32) {
        Some(number) => call.return_value(number),
        None => call.return_value(Value::Nil),
    }
}

// ---- tables -------------------------------------------------------------------------------------

fn raw_equal_short(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    match *arguments {
        [left, right, ..] => Some(Value::Boolean(heap.raw_equals(left, right))),
        _ => None,
    }
}

fn raw_get_short(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    match *arguments {
        [Value::Table(table), key, ..] => Some(heap.raw_get(table, key)),
        _ => None,
    }
}

fn raw_equal(call: &mut Call<'_>) -> NativeResult {
    let (left, right) = (call.check_any(1)?, call.check_any(2)?);
    let equal = call.heap().raw_equals(left, right);
    call.return_value(equal)
}

fn raw_get(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let key = call.check_any(2)?;
    let value = call.heap().raw_get(table, key);
    call.return_value(value)
}

fn raw_set(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let (key, value) = (call.check_any(2)?, call.check_any(3)?);
    call.raw_set(table, key, value)?;
    call.return_value(table)
}

fn next(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let key = call.argument(2);
    let runtime = &mut *call.runtime;
    match runtime.heap.next(table, key, &mut runtime.meter) {
        Ok(Some((key, value))) => {
            call.push(key);
            call.push(value);
            Ok(Flow::Return(2))
        }
        Ok(None) => call.return_value(Value::Nil),
        Err(invalid) => Err(call.error_without_position(invalid.to_string())),
    }
}

fn pairs_short(
    heap: &mut Heap,
    _: &mut Meter,
    _: &mut LibraryState,
    window: &mut [Value],
    arguments: usize,
) -> Option<usize> {
    begin_loop(heap.iterators.next, Value::Nil, window, arguments)
}

fn ipairs_short(
    heap: &mut Heap,
    _: &mut Meter,
    _: &mut LibraryState,
    window: &mut [Value],
    arguments: usize,
) -> Option<usize> {
    let first = Value::Number(0.0);
    begin_loop(heap.iterators.ipairs_step, first, window, arguments)
}

/// What a generic `for` over a table, the first argument, begins with.
#[inline(always)]
fn begin_loop(
    iterator: Option<NativeHandle>,
    control: Value,
    window: &mut [Value],
    arguments: usize,
) -> Option<usize> {
    let iterator = Value::Native(iterator?);
    let places: &mut [Value; 3] = window.first_chunk_mut()?;
    let table @ Value::Table(_) = places[1] else {
        return None;
    };
    if arguments == 0 {
        return None;
    }
    *places = [iterator, table, control];
    Some(3)
}

fn pairs(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let next = call.upvalue(0);
    call.return_values(&[next, Value::Table(table), Value::Nil])
}

fn ipairs(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let step = call.upvalue(0);
    call.return_values(&[step, Value::Table(table), Value::Number(0.0)])
}

fn ipairs_step(call: &mut Call<'_>) -> NativeResult {
    let index = i64::from(call.check_integer(2)? as i32) + 1;
    let table = call.check_table(1)?;
    let value = call.heap().raw_get_integer(table, index);
    if value.is_nil() {
        return Ok(Flow::Return(0));
    }
    call.push(index as f64);
    call.push(value);
    Ok(Flow::Return(2))
}

/// The first one of the selected arguments, or how many there are.
fn select_short(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    let (&first, rest) = arguments.split_first()?;
    let index = match first {
        Value::Number(index) => index,
        Value::String(text) if heap.bytes(text).first() == Some(&b'#') => {
            return Some(Value::Number(rest.len() as f64));
        }
        _ => return None,
    };
    if !(1.0..256.0).contains(&index) {
        return None;
    }
    Some(rest.get(index as usize - 1).copied().unwrap_or(Value::Nil))
}

fn select(call: &mut Call<'_>) -> NativeResult {
    let count = call.argument_count() as i64;
    if let Value::String(text) = call.argument(1)
        && call.bytes(text).first() == Some(&b'#')
    {
        return call.return_value((count - 1) as f64);
    }
    let mut index = i64::from(call.check_integer(1)? as i32);
    if index < 0 {
        index += count;
    } else if index > count {
        index = count;
    }
    if index < 1 {
        return Err(call.argument_error(1, "index out of range"));
    }
    Ok(Flow::Return((count - index) as usize))
}

/// All elements of a short list.
fn unpack_short(
    heap: &mut Heap,
    _: &mut Meter,
    _: &mut LibraryState,
    window: &mut [Value],
    arguments: usize,
) -> Option<usize> {
    let (&[_, Value::Table(table)], []) = window.get(..=arguments)?.split_first_chunk()? else {
        return None;
    };
    let table = &heap.tables[table.index()];
    let count = table.length();
    if count > MOST_RESULTS {
        return None;
    }
    for (place, element) in window.iter_mut().zip(table.array.get(..count)?) {
        copy_value(element, place);
    }
    Some(count)
}

fn unpack(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let first = i64::from(call.optional_integer(2, 1)? as i32);
    let last = if call.is_none_or_nil(3) {
        call.heap().length(table) as i64
    } else {
        i64::from(call.check_integer(3)? as i32)
    };
    if first > last {
        return Ok(Flow::Return(0));
    }
    let count = last - first + 1;
    if count > i64::from(i32::MAX) || call.top() as i64 + count > MAX_STACK_VALUES {
        return Err(call.error("too many results to unpack"));
    }
    call.charge(count as u64 / 8)?;
    call.push_elements(table, first, count as usize);
    Ok(Flow::Return(count as usize))
}

// ---- metatables ---------------------------------------------------------------------------------

/// The light userdata that, as `__metatable`, hides a library's metatable: scripts see and replace it as if there were none.
pub(super) const HIDDEN: u64 = 2;

fn get_metatable(call: &mut Call<'_>) -> NativeResult {
    let value = call.check_any(1)?;
    let Some(metatable) = call.heap().metatable(value) else {
        return call.return_value(Value::Nil);
    };
    let protected = call.metafield(value, "__metatable");
    call.return_value(match protected {
        Value::Nil => Value::Table(metatable),
        Value::LightUserdata(HIDDEN) => Value::Nil,
        other => other,
    })
}

fn set_metatable_short(heap: &mut Heap, _: &mut Meter, arguments: &[Value]) -> Option<Value> {
    match *arguments {
        [object @ Value::Table(table), Value::Table(metatable), ..]
            if heap.metatable(object).is_none() && !heap.is_readonly(table) =>
        {
            heap.set_table_metatable(table, Some(metatable));
            Some(object)
        }
        _ => None,
    }
}

fn set_metatable(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let metatable = match call.argument(2) {
        Value::Table(metatable) => Some(metatable),
        Value::Nil if !call.is_none(2) => None,
        _ => return Err(call.argument_error(2, "nil or table expected")),
    };
    let protected = call.metafield(Value::Table(table), "__metatable");
    if !matches!(protected, Value::Nil | Value::LightUserdata(HIDDEN)) {
        return Err(call.error("cannot change a protected metatable"));
    }
    call.check_writable(table)?;
    call.heap_mut().set_table_metatable(table, metatable);
    call.return_value(table)
}

fn new_proxy(call: &mut Call<'_>) -> NativeResult {
    let Value::Table(proxies) = call.upvalue(0) else {
        return Ok(Flow::Return(0));
    };
    let metatable = match call.argument(1) {
        Value::Nil | Value::Boolean(false) => None,
        Value::Boolean(true) => {
            let metatable = call.new_table(0, 0);
            call.raw_set(proxies, Value::Table(metatable), Value::Boolean(true))?;
            Some(metatable)
        }
        value => {
            let metatable = call.heap().metatable(value);
            let known = metatable.is_some_and(|table| {
                call.heap()
                    .raw_get(proxies, Value::Table(table))
                    .is_truthy()
            });
            if !known {
                return Err(call.argument_error(1, "boolean or proxy expected"));
            }
            metatable
        }
    };
    let proxy = call.heap_mut().new_userdata(Box::new(()), metatable);
    call.return_value(Value::Userdata(proxy))
}

// ---- environments -------------------------------------------------------------------------------

/// The function argument 1 stands for: a function, or a level of the call stack.
enum Chosen {
    Lua(ClosureHandle),
    Native,
}

fn chosen_function(call: &mut Call<'_>, default_level: Option<i64>) -> Result<Chosen, Raise> {
    match call.argument(1) {
        Value::Function(closure) => return Ok(Chosen::Lua(closure)),
        Value::Native(_) => return Ok(Chosen::Native),
        _ => {}
    }
    let level = match default_level {
        Some(default) => call.optional_integer(1, default)?,
        None => call.check_integer(1)?,
    };
    let level = i64::from(level as i32);
    if level < 0 {
        return Err(call.argument_error(1, "level must be non-negative"));
    }
    if level == 0 {
        return Ok(Chosen::Native);
    }
    match call.runtime.thread.level(level as usize) {
        None => Err(call.argument_error(1, "invalid level")),
        Some(Level::TailCall) => Err(call.error(format!(
            "no function environment for tail call at level {level}"
        ))),
        Some(Level::Frame(index)) => {
            let frame: Frame = call.runtime.thread.frames[index];
            Ok(frame.closure().map_or(Chosen::Native, Chosen::Lua))
        }
    }
}

fn get_environment(call: &mut Call<'_>) -> NativeResult {
    let environment = match chosen_function(call, Some(1))? {
        Chosen::Lua(closure) => call.heap().closures[closure.index()].environment,
        Chosen::Native => call.runtime.thread.environment,
    };
    call.return_value(environment)
}

fn set_environment(call: &mut Call<'_>) -> NativeResult {
    let environment = call.check_table(2)?;
    let chosen = chosen_function(call, None)?;
    if call.heap().to_number(call.argument(1)) == Some(0.0) {
        call.runtime.thread.environment = environment;
        call.heap_mut().barrier_root(Value::Table(environment));
        return Ok(Flow::Return(0));
    }
    let Chosen::Lua(closure) = chosen else {
        return Err(call.error("'setfenv' cannot change environment of given object"));
    };
    call.heap_mut()
        .set_closure_environment(closure, environment);
    call.return_value(Value::Function(closure))
}

// ---- loading ------------------------------------------------------------------------------------

/// Compiles a chunk and pushes what `loadstring` and `load` return.
fn load_chunk(call: &mut Call<'_>, source: &[u8], chunk_name: &[u8]) -> NativeResult {
    call.charge(source.len() as u64 / 4 + 1)?;
    call.reserve(source.len())?;
    let chunk_name = chunk_name.into();
    match compiler::compile_shared(source, &chunk_name, call.runtime.thread.native_depth) {
        Ok(proto) => {
            let environment: TableHandle = call.runtime.thread.environment;
            let function = call.runtime.load_function(&Arc::new(proto), environment);
            call.return_value(function)
        }
        Err(error) => {
            let message = call.new_string(&error.message());
            call.return_values(&[Value::Nil, message.into()])
        }
    }
}

fn load_string(call: &mut Call<'_>) -> NativeResult {
    let source = call.check_string(1)?;
    let name = call.optional_string(2)?.unwrap_or(source);
    let (source, name) = (call.bytes(source).to_vec(), call.bytes(name).to_vec());
    load_chunk(call, &source, &name)
}

/// The pieces `load`'s reader function has given so far.
struct Pieces(Vec<u8>);

fn load(call: &mut Call<'_>) -> NativeResult {
    let name = call.optional_string(2)?;
    call.check_type(1, Type::Function)?;
    let function = call.argument(1);
    call.set_top(0);
    call.push(function);
    match name {
        Some(name) => call.push(name),
        None => {
            let name = call.new_string(b"=(load)");
            call.push(name);
        }
    }
    call.state = Some(Box::new(Pieces(Vec::new())));
    ask_reader(call)
}

fn ask_reader(call: &mut Call<'_>) -> NativeResult {
    let function = call.get(1);
    call.push(function);
    Ok(Flow::ProtectedCall {
        arguments: 0,
        handler: None,
        resume: reader_answered,
    })
}

fn reader_answered(call: &mut Call<'_>) -> NativeResult {
    let piece = call.callback_result(1);
    if call.callback_failed() {
        return call.return_values(&[Value::Nil, piece]);
    }
    call.drop_callback_results();
    let Some(mut pieces) = call
        .state
        .take()
        .and_then(|state| state.downcast::<Pieces>().ok())
    else {
        return Ok(Flow::Return(0));
    };
    let text = match piece {
        Value::Nil => Vec::new(),
        Value::String(string) => call.bytes(string).to_vec(),
        Value::Number(number) => number::to_text(number).as_bytes().to_vec(),
        _ => {
            let Raise::Error(message) = call.error("reader function must return a string") else {
                return Ok(Flow::Return(0));
            };
            return call.return_values(&[Value::Nil, message]);
        }
    };
    if text.is_empty() {
        let name = match call.get(2) {
            Value::String(name) => call.bytes(name).to_vec(),
            _ => Vec::new(),
        };
        return load_chunk(call, &pieces.0, &name);
    }
    call.reserve(pieces.0.len() + text.len())?;
    call.charge(1 + text.len() as u64 / 16)?;
    pieces.0.extend_from_slice(&text);
    call.state = Some(pieces);
    ask_reader(call)
}

// ---- the collector ------------------------------------------------------------------------------

fn collect_garbage(call: &mut Call<'_>) -> NativeResult {
    const OPTIONS: &[&str] = &[
        "stop",
        "restart",
        "collect",
        "count",
        "step",
        "setpause",
        "setstepmul",
    ];
    let option = call.check_option(1, Some("collect"), OPTIONS)?;
    let argument = call.optional_integer(2, 0)?;
    let heap = call.heap_mut();
    let result = match OPTIONS[option] {
        "stop" => {
            heap.stop_collector();
            0.0
        }
        "restart" => {
            heap.restart_collector();
            0.0
        }
        "count" => heap.bytes_in_use() as f64 / 1024.0,
        "step" => {
            let kilobytes = argument.clamp(0, i64::from(i32::MAX)) as usize;
            let is_over = call.runtime.collect_step(call.top, kilobytes);
            // Fuel was burnt: the host has a say.
            call.charge(0)?;
            return call.return_value(is_over);
        }
        "setpause" => heap.set_collector_pause(argument.clamp(0, 100_000) as usize) as f64,
        "setstepmul" => heap.set_collector_multiplier(argument.clamp(0, 100_000) as usize) as f64,
        _ => {
            call.heap_mut().restart_collector();
            call.runtime.collect_garbage(call.top);
            call.charge(0)?;
            0.0
        }
    };
    call.return_value(result)
}

fn garbage_info(call: &mut Call<'_>) -> NativeResult {
    let kilobytes = call.heap().bytes_in_use() / 1024;
    call.return_value(kilobytes as f64)
}
