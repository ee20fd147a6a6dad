//! The `redis` table: what scripts call the server with.

use lua::Vm;
use lua::heap::Heap;
use lua::native::{Answer, Call, Flow, Host, LibraryEntry, NativeResult, Question, Raise};
use lua::number::to_text;
use lua::value::{StringHandle, TableHandle, Value, to_integer};
use resp::Protocol;

use crate::arguments::{ArgumentError, FEW, write_number};
use crate::cache::sha1_hex;
use crate::debugger::{Debugger, debugger};
use crate::host::{Called, LogLevel, ScriptHost};
use crate::machine::{RunState, SharedLimit, World};
use crate::sink::LuaReply;

/// The version of Redis that scripts see, and the same as they compare it.
const VERSION: &str = "7.0.15";
const VERSION_NUMBER: f64 = 0x0007_000f as f64;

const FUNCTIONS: &[LibraryEntry] = &[
    ("call", call),
    ("pcall", pcall),
    ("log", log),
    ("setresp", setresp),
    ("sha1hex", sha1hex),
    ("error_reply", error_reply),
    ("status_reply", status_reply),
    ("set_repl", set_repl),
    ("replicate_commands", replicate_commands),
    ("breakpoint", breakpoint),
    ("debug", debug),
    ("acl_check_cmd", acl_check_cmd),
];

/// All names in the table, in an order after which `pairs` finds them as in Redis.
const NAMES: &[&str] = &[
    "log",
    "LOG_DEBUG",
    "LOG_VERBOSE",
    "LOG_NOTICE",
    "LOG_WARNING",
    "REDIS_VERSION_NUM",
    "REDIS_VERSION",
    "setresp",
    "call",
    "pcall",
    "sha1hex",
    "error_reply",
    "status_reply",
    "set_repl",
    "REPL_NONE",
    "REPL_AOF",
    "REPL_SLAVE",
    "REPL_REPLICA",
    "REPL_ALL",
    "breakpoint",
    "debug",
    "replicate_commands",
    "acl_check_cmd",
];

/// What functions of libraries do not have.
const FOR_SCRIPTS_ONLY: &[&str] = &["replicate_commands", "breakpoint", "debug"];

const LOG_LEVELS: &[(&str, f64)] = &[
    ("LOG_DEBUG", 0.0),
    ("LOG_VERBOSE", 1.0),
    ("LOG_NOTICE", 2.0),
    ("LOG_WARNING", 3.0),
];

const CONSTANTS: &[(&str, f64)] = &[
    ("REPL_NONE", 0.0),
    ("REPL_AOF", 1.0),
    ("REPL_SLAVE", 2.0),
    ("REPL_REPLICA", 2.0),
    ("REPL_ALL", 3.0),
];

/// The replication flags there are.
const REPL_AOF: i64 = 1;
const REPL_REPLICA: i64 = 2;
const REPL_ALL: i64 = REPL_AOF | REPL_REPLICA;

/// The work of a small command, in units of fuel: so many that a loop of calls ends its slice in time.
const CALL_WORK: u32 = 50;

/// The work of the SHA1 of nothing, in units of fuel.
const SHA1_LEAST_WORK: u64 = 40;

/// `redis.rollback`, which only atomic scripts see: others list the same names as in Redis.
pub(crate) struct Rollback {
    redis: TableHandle,
    name: StringHandle,
    function: Value,
}

impl Rollback {
    /// Makes the function and its place in the `redis` table, where it is not there yet.
    pub(crate) fn new(vm: &mut Vm) -> Option<Rollback> {
        let globals = vm.globals();
        let heap = &mut vm.runtime.heap;
        let Value::Table(redis) = heap.raw_get_field(globals, "redis") else {
            return None;
        };
        let name = heap.new_string(b"rollback");
        let function = Value::Native(heap.new_native(rollback, &[]));
        vm.pin(Value::String(name));
        vm.pin(function);
        let rollback = Rollback {
            redis,
            name,
            function,
        };
        rollback.show(vm, true);
        rollback.show(vm, false);
        Some(rollback)
    }

    /// Lets scripts see it, or not.
    pub(crate) fn show(&self, vm: &mut Vm, visible: bool) {
        let value = if visible { self.function } else { Value::Nil };
        vm.runtime
            .heap
            .raw_set_transient(self.redis, self.name, value, &mut 0);
    }
}

/// Puts the `redis` table into the globals.
pub(crate) fn register(vm: &mut Vm, world: World) {
    let table = vm.register_library("redis", FUNCTIONS);
    let heap = &mut vm.runtime.heap;
    for (name, question) in [("call", CALL), ("pcall", PCALL)] {
        if let Value::Native(native) = heap.raw_get_field(table, name) {
            heap.mark_question(native, question);
        }
    }
    for (name, value) in LOG_LEVELS.iter().chain(CONSTANTS) {
        heap.raw_set_field(table, name, Value::Number(*value));
    }
    register_version(heap, table);
    let mut names = NAMES.to_vec();
    if world == World::Functions {
        names.retain(|name| !FOR_SCRIPTS_ONLY.contains(name));
        for name in FOR_SCRIPTS_ONLY {
            heap.raw_set_field(table, name, Value::Nil);
        }
    }
    heap.arrange_fields(table, 0, &names);
}

/// Puts into a `redis` table what a library's code can reach while it is loaded.
pub(crate) fn register_for_load(heap: &mut Heap, table: TableHandle) {
    heap.register(table, &[("log", log)]);
    for (name, value) in LOG_LEVELS {
        heap.raw_set_field(table, name, Value::Number(*value));
    }
    register_version(heap, table);
}

fn register_version(heap: &mut Heap, table: TableHandle) {
    let version = Value::String(heap.new_string(VERSION.as_bytes()));
    heap.raw_set_field(table, "REDIS_VERSION", version);
    heap.raw_set_field(table, "REDIS_VERSION_NUM", Value::Number(VERSION_NUMBER));
}

/// How `redis.call` asks.
const CALL: Question = Question {
    work: CALL_WORK,
    catches_errors: false,
};

/// How `redis.pcall` asks.
const PCALL: Question = Question {
    work: CALL_WORK,
    catches_errors: true,
};

fn call(call: &mut Call<'_>) -> NativeResult {
    call.put_question(CALL)
}

fn pcall(call: &mut Call<'_>) -> NativeResult {
    call.put_question(PCALL)
}

impl Host for RunState {
    /// Runs the command that the arguments name. Its reply is the answer.
    fn answer(&mut self, heap: &mut Heap, arguments: &[Value], answer: &mut Value) -> Answer {
        *answer = Value::Nil;
        let RunState {
            host: Some(host),
            names,
            protocol,
            arguments: buffers,
            shared_limit,
            ..
        } = self
        else {
            return Answer::Value;
        };
        let mut args: [&[u8]; FEW] = [&[]; FEW];
        let Some(args) = buffers.copy_few(heap, arguments, &mut args) else {
            return self.answer_to_any(heap, arguments, answer);
        };
        let mut reply = LuaReply::new(heap, names, *protocol, answer);
        let called = host.call(args, *protocol, &mut reply);
        let outcome = Outcome::of(&reply, called);
        answer_of(&mut **host, heap, *shared_limit, outcome)
    }
}

/// What is known of a reply besides its value.
struct Outcome {
    is_error: bool,
    /// More came than the script may take.
    is_cut: bool,
    /// It took long.
    is_late: bool,
}

impl Outcome {
    #[inline(always)]
    fn of(reply: &LuaReply<'_>, called: Called) -> Outcome {
        Outcome {
            is_error: reply.is_error(),
            is_cut: reply.is_cut(),
            is_late: called == Called::TookLong || reply.is_large(),
        }
    }
}

/// What an answer is that is a reply. One that was cut off is more than the script may take.
#[inline(always)]
fn answer_of(
    host: &mut dyn ScriptHost,
    heap: &mut Heap,
    shared_limit: Option<SharedLimit>,
    outcome: Outcome,
) -> Answer {
    if let Some(limit) = shared_limit
        && (outcome.is_cut || !share_limit(host, heap, limit))
    {
        return Answer::OutOfMemory;
    }
    if !outcome.is_error {
        return match outcome.is_late {
            false => Answer::Value,
            true => Answer::LateValue,
        };
    }
    // The run may have to start again, because of the call that has just failed.
    if host.is_void() {
        return Answer::Stopped;
    }
    match outcome.is_late {
        false => Answer::Error,
        true => Answer::LateError,
    }
}

impl RunState {
    /// The same for arguments that are many or long, or make no command.
    #[inline(never)]
    fn answer_to_any(
        &mut self,
        heap: &mut Heap,
        arguments: &[Value],
        answer: &mut Value,
    ) -> Answer {
        let RunState {
            host: Some(host),
            names,
            protocol,
            arguments: buffers,
            shared_limit,
            debugger,
            ..
        } = self
        else {
            return Answer::Value;
        };
        let copied = buffers.copy_all(heap, arguments);
        let outcome = match copied.as_deref() {
            Ok([]) => {
                Err("ERR Please specify at least one argument for this redis lib call".to_owned())
            }
            Ok(args) => {
                let mut reply = LuaReply::new(heap, names, *protocol, answer);
                let called = host.call(args, *protocol, &mut reply);
                Ok(Outcome::of(&reply, called))
            }
            // More than the script may take: as if the reply had been cut off.
            Err(ArgumentError::TooLarge) => Ok(Outcome {
                is_error: false,
                is_cut: true,
                is_late: false,
            }),
            Err(error) => Err(error.to_string()),
        };
        drop(copied);
        buffers.release();
        match outcome {
            Ok(outcome) => answer_of(&mut **host, heap, *shared_limit, outcome),
            Err(text) => {
                *answer = error_table(heap, debugger.as_deref_mut(), &text);
                Answer::Error
            }
        }
    }
}

/// Leaves the script what the server does not need of the limit to undo it; false if nothing is left.
fn share_limit(host: &mut dyn ScriptHost, heap: &mut Heap, shared: SharedLimit) -> bool {
    let undo_bytes = host.undo_bytes();
    let left = shared.limit.saturating_sub(undo_bytes);
    if left != heap.limit() {
        heap.set_limit(left);
    }
    undo_bytes <= shared.room
}

/// An error table as the API's own errors are: `{err = text}`. A debugger shows it.
fn error_table(heap: &mut Heap, debugger: Option<&mut Debugger>, text: &str) -> Value {
    if let Some(debugger) = debugger {
        debugger.say_error(text.strip_prefix("ERR ").unwrap_or(text).as_bytes());
    }
    let table = heap.new_table(0, 1);
    let text = Value::String(heap.new_string(text.as_bytes()));
    heap.raw_set_field(table, "err", text);
    Value::Table(table)
}

/// The same for a native function.
fn error_of(call: &mut Call<'_>, text: &str) -> Value {
    match call.host_and_heap::<RunState>() {
        Some((state, heap)) => error_table(heap, state.debugger.as_deref_mut(), text),
        None => error_table(call.heap_mut(), None, text),
    }
}

/// Raises an error of the API's own.
pub(crate) fn fail(call: &mut Call<'_>, text: &str) -> Raise {
    Raise::Error(error_of(call, text))
}

fn log(call: &mut Call<'_>) -> NativeResult {
    let count = call.argument_count();
    if count < 2 {
        return Err(fail(
            call,
            "ERR redis.log() requires two arguments or more.",
        ));
    }
    let Some(level) = call.heap().to_number(call.argument(1)) else {
        return Err(fail(
            call,
            "ERR First argument must be a number (log level).",
        ));
    };
    let level = match to_integer(level) {
        0 => LogLevel::Debug,
        1 => LogLevel::Verbose,
        2 => LogLevel::Notice,
        3 => LogLevel::Warning,
        _ => return Err(fail(call, "ERR Invalid debug level.")),
    };
    let mut message = Vec::new();
    for index in 2..=count {
        if index > 2 {
            message.push(b' ');
        }
        match call.argument(index) {
            Value::String(string) => message.extend_from_slice(call.bytes(string)),
            Value::Number(number) => message.extend_from_slice(to_text(number).as_bytes()),
            _ => {}
        }
    }
    match call.host::<RunState>() {
        Some(RunState {
            registration: Some(registration),
            ..
        }) => registration.log((level, message)),
        Some(RunState {
            host: Some(host), ..
        }) => host.log(level, &message),
        _ => {}
    }
    Ok(Flow::Return(0))
}

fn setresp(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() != 1 {
        return Err(fail(call, "ERR redis.setresp() requires one argument."));
    }
    let version = call.heap().to_number(call.argument(1)).unwrap_or(0.0);
    let protocol = match version as i64 {
        2 => Protocol::Resp2,
        3 => Protocol::Resp3,
        _ => return Err(fail(call, "ERR RESP version must be 2 or 3.")),
    };
    if let Some(state) = call.host::<RunState>() {
        state.protocol = protocol;
    }
    Ok(Flow::Return(0))
}

fn sha1hex(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() != 1 {
        return Err(fail(call, "ERR wrong number of arguments"));
    }
    let length = match call.argument(1) {
        Value::String(string) => call.bytes(string).len(),
        _ => 0,
    };
    call.charge(SHA1_LEAST_WORK + length as u64)?;
    let digest = match call.argument(1) {
        Value::String(string) => sha1_hex(call.bytes(string)),
        Value::Number(number) => sha1_hex(to_text(number).as_bytes()),
        _ => sha1_hex(b""),
    };
    call.return_string(&digest)
}

/// `{name = text}`, or an error table if the one argument is no string.
fn reply_table(call: &mut Call<'_>, name: &str) -> NativeResult {
    let text = match (call.argument_count(), call.argument(1)) {
        (1, Value::String(text)) => text,
        _ => {
            let table = error_of(call, "ERR wrong number or type of arguments");
            return call.return_value(table);
        }
    };
    let mut text = call.bytes(text).to_vec();
    if name == "err" {
        text.truncate(types::up_to_zero(&text).len());
        if let Some(debugger) = debugger(call.runtime) {
            let text = text.strip_prefix(b"-").unwrap_or(&text);
            debugger.say_error(&[b"-", text].concat());
        }
        with_error_code(&mut text);
    }
    let heap = call.heap_mut();
    let table = heap.new_table(0, 1);
    let text = Value::String(heap.new_string(&text));
    heap.raw_set_field(table, name, text);
    call.return_value(Value::Table(table))
}

/// Sees to it that an error begins with a code, as errors of scripts do in Redis.
fn with_error_code(text: &mut Vec<u8>) {
    if text.first() == Some(&b'-') {
        text.remove(0);
    }
    if !text.contains(&b' ') {
        text.splice(0..0, *b"ERR ");
    }
}

fn error_reply(call: &mut Call<'_>) -> NativeResult {
    reply_table(call, "err")
}

fn status_reply(call: &mut Call<'_>) -> NativeResult {
    reply_table(call, "ok")
}

fn set_repl(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() != 1 {
        return Err(fail(call, "ERR redis.set_repl() requires two arguments."));
    }
    let flags = to_integer(call.heap().to_number(call.argument(1)).unwrap_or(0.0));
    if flags & !REPL_ALL != 0 {
        return Err(fail(
            call,
            "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
        ));
    }
    let state = call.host::<RunState>();
    if let Some(host) = state.and_then(|state| state.host.as_mut()) {
        host.set_replication(flags & REPL_AOF != 0, flags & REPL_REPLICA != 0);
    }
    Ok(Flow::Return(0))
}

/// Effects are what is replicated, always.
fn replicate_commands(call: &mut Call<'_>) -> NativeResult {
    call.return_value(Value::Boolean(true))
}

/// Outside a debugging session there is nothing to stop.
fn breakpoint(call: &mut Call<'_>) -> NativeResult {
    call.return_value(Value::Boolean(false))
}

fn debug(_call: &mut Call<'_>) -> NativeResult {
    Ok(Flow::Return(0))
}

/// `redis.rollback([message])`: ends an atomic script and undoes its writes; the message is its error.
fn rollback(call: &mut Call<'_>) -> NativeResult {
    let mut text = match (call.argument_count(), call.argument(1)) {
        (0, _) => b"ROLLBACK The script took its writes back.".to_vec(),
        (1, Value::String(text)) => call.bytes(text).to_vec(),
        _ => return Err(fail(call, "ERR wrong number or type of arguments")),
    };
    with_error_code(&mut text);
    if let Some(state) = call.host::<RunState>() {
        state.rollback = Some(crate::convert::one_line(&text));
    }
    Err(Raise::Stopped)
}

fn acl_check_cmd(call: &mut Call<'_>) -> NativeResult {
    let count = call.argument_count();
    if count == 0 {
        return Err(fail(
            call,
            "ERR Please specify at least one argument for this redis lib call",
        ));
    }
    let mut args: Vec<Vec<u8>> = Vec::with_capacity(count);
    for index in 1..=count {
        args.push(match call.argument(index) {
            Value::String(string) => call.bytes(string).to_vec(),
            Value::Number(number) => {
                let mut text = Vec::new();
                write_number(number, &mut text);
                text
            }
            _ => {
                return Err(fail(
                    call,
                    "ERR Lua redis lib command arguments must be strings or integers",
                ));
            }
        });
    }
    let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
    let allowed = call
        .host::<RunState>()
        .and_then(|state| state.host.as_mut())
        .and_then(|host| host.may_call(&args));
    match allowed {
        Some(allowed) => call.return_value(Value::Boolean(allowed)),
        None => Err(fail(
            call,
            "ERR Invalid command passed to redis.acl_check_cmd()",
        )),
    }
}
