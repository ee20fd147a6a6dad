//! The world of a library's code while it is loaded: it can register functions and write to the log, and nothing else.

use lua::Vm;
use lua::native::{Call, Flow, NativeResult, Raise};
use lua::number::to_text;
use lua::value::{TableHandle, Type, Value};

use super::header::is_name;
use super::library::LogLine;
use crate::machine::RunState;
use crate::redis_api::{self, fail};
use crate::sandbox;
use crate::shebang::ScriptFlags;

/// Log lines of one load that are kept.
const LOG_LINES_MAX: usize = 1000;

const NAME_ERROR: &str = "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least \
one character long";

/// What a library's code has registered so far.
pub(crate) struct Registration {
    pub(crate) functions: Vec<Registered>,
    pub(crate) log: Vec<LogLine>,
    /// The callbacks, in the order of `functions`.
    pub(crate) callbacks: TableHandle,
}

/// What a library's code has registered, when it is through.
pub(crate) struct Registrations {
    pub(crate) functions: Vec<Registered>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) callbacks: Box<[Value]>,
}

/// One function.
pub(crate) struct Registered {
    pub(crate) name: String,
    pub(crate) description: Option<Box<[u8]>>,
    pub(crate) flags: ScriptFlags,
}

/// Makes the globals of code that is being loaded.
pub(crate) fn build_environment(vm: &mut Vm) -> TableHandle {
    let heap = &mut vm.runtime.heap;
    let environment = heap.new_table(0, 1);
    vm.pin(Value::Table(environment));
    let heap = &mut vm.runtime.heap;
    let redis = heap.new_table(0, 8);
    heap.raw_set_field(environment, "redis", Value::Table(redis));
    heap.register(redis, &[("register_function", register_function)]);
    redis_api::register_for_load(heap, redis);
    sandbox::guard(heap, redis);
    sandbox::guard(heap, environment);
    environment
}

/// `redis.register_function(name, callback)` and `redis.register_function{function_name = …, callback = …, …}`.
fn register_function(call: &mut Call<'_>) -> NativeResult {
    let is_loading = call
        .host::<RunState>()
        .is_some_and(|state| state.registration.is_some());
    if !is_loading {
        return Err(fail(
            call,
            "ERR redis.register_function can only be called on FUNCTION LOAD command",
        ));
    }
    let (registered, callback) = match call.argument_count() {
        1 => named_arguments(call)?,
        2 => {
            let name = text_of(call, call.argument(1));
            let name = name.ok_or_else(|| {
                fail(
                    call,
                    "ERR first argument to redis.register_function must be a string",
                )
            })?;
            let callback = call.argument(2);
            if callback.kind() != Type::Function {
                return Err(fail(
                    call,
                    "ERR second argument to redis.register_function must be a function",
                ));
            }
            let flags = ScriptFlags::of_function();
            (checked(call, name, None, flags)?, callback)
        }
        _ => {
            return Err(fail(
                call,
                "ERR wrong number of arguments to redis.register_function",
            ));
        }
    };
    let Some(registration) = call
        .host::<RunState>()
        .and_then(|state| state.registration.as_mut())
    else {
        return Ok(Flow::Return(0));
    };
    let known = &mut registration.functions;
    if known.iter().any(|other| other.name == registered.name) {
        return Err(fail(call, "ERR Function already exists in the library"));
    }
    known.push(registered);
    let (index, callbacks) = (known.len() as i64, registration.callbacks);
    call.heap_mut().raw_set_integer(callbacks, index, callback);
    Ok(Flow::Return(0))
}

fn checked(
    call: &mut Call<'_>,
    name: Vec<u8>,
    description: Option<Box<[u8]>>,
    flags: ScriptFlags,
) -> Result<Registered, Raise> {
    if !is_name(&name) {
        return Err(fail(call, NAME_ERROR));
    }
    Ok(Registered {
        name: String::from_utf8_lossy(&name).into_owned(),
        description,
        flags,
    })
}

/// A string, or a number as text.
fn text_of(call: &Call<'_>, value: Value) -> Option<Vec<u8>> {
    match value {
        Value::String(string) => Some(call.bytes(string).to_vec()),
        Value::Number(number) => Some(to_text(number).as_bytes().to_vec()),
        _ => None,
    }
}

fn named_arguments(call: &mut Call<'_>) -> Result<(Registered, Value), Raise> {
    let Value::Table(table) = call.argument(1) else {
        return Err(fail(
            call,
            "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing \
             named arguments).",
        ));
    };
    let (mut name, mut description, mut callback) = (None, None, None);
    let mut flags = ScriptFlags::of_function();
    let mut position = 0;
    while let Some((next, key, value)) = call.heap().entry_from(table, position) {
        position = next;
        let Some(mut key) = text_of(call, key) else {
            return Err(fail(
                call,
                "ERR named argument key given to redis.register_function is not a string",
            ));
        };
        key.make_ascii_lowercase();
        match &*key {
            b"function_name" => {
                name = Some(text_of(call, value).ok_or_else(|| {
                    fail(
                        call,
                        "ERR function_name argument given to redis.register_function must be a string",
                    )
                })?);
            }
            b"description" => {
                let text = text_of(call, value).ok_or_else(|| {
                    fail(
                        call,
                        "ERR description argument given to redis.register_function must be a string",
                    )
                })?;
                description = Some(text.into_boxed_slice());
            }
            b"callback" => {
                if value.kind() != Type::Function {
                    return Err(fail(
                        call,
                        "ERR callback argument given to redis.register_function must be a function",
                    ));
                }
                callback = Some(value);
            }
            b"flags" => flags = flags_of(call, value)?,
            _ => {
                return Err(fail(
                    call,
                    "ERR unknown argument given to redis.register_function",
                ));
            }
        }
    }
    let Some(name) = name else {
        return Err(fail(
            call,
            "ERR redis.register_function must get a function name argument",
        ));
    };
    let Some(callback) = callback else {
        return Err(fail(
            call,
            "ERR redis.register_function must get a callback argument",
        ));
    };
    Ok((checked(call, name, description, flags)?, callback))
}

fn flags_of(call: &mut Call<'_>, value: Value) -> Result<ScriptFlags, Raise> {
    let Value::Table(table) = value else {
        return Err(fail(
            call,
            "ERR flags argument to redis.register_function must be a table representing function flags",
        ));
    };
    let mut flags = ScriptFlags::of_function();
    for index in 1.. {
        let name = match call.heap().raw_get_integer(table, index) {
            Value::Nil => break,
            Value::String(name) => String::from_utf8_lossy(call.bytes(name)).to_ascii_lowercase(),
            _ => String::new(),
        };
        match flags.by_name(&name) {
            Some(flag) => *flag = true,
            None => return Err(fail(call, "ERR unknown flag given")),
        }
    }
    Ok(flags)
}

impl Registration {
    pub(crate) fn new(callbacks: TableHandle) -> Registration {
        Registration {
            functions: Vec::new(),
            log: Vec::new(),
            callbacks,
        }
    }

    /// Keeps a line for the log.
    pub(crate) fn log(&mut self, line: LogLine) {
        if self.log.len() < LOG_LINES_MAX {
            self.log.push(line);
        }
    }
}
