//! The `redis` functions of a debugged run: they show what is called while the user steps, and stop or speak when the script asks for it.

use lua::Vm;
use lua::native::{Answer, Call, Flow, LibraryEntry, NativeResult, Raise};
use lua::value::Value;

use super::debugger;
use super::human::write_value;
use super::reply::ShownReply;
use crate::arguments::write_number;
use crate::host::Called;
use crate::machine::RunState;
use crate::sink::LuaReply;

const FUNCTIONS: &[LibraryEntry] = &[
    ("call", call),
    ("pcall", pcall),
    ("breakpoint", breakpoint),
    ("debug", debug),
];

/// The words of a call that are shown.
const WORDS_SHOWN: usize = 10;

/// Puts these functions in the place of the ordinary ones.
pub(super) fn install(vm: &mut Vm) {
    let globals = vm.globals();
    let heap = &mut vm.runtime.heap;
    if let Value::Table(redis) = heap.raw_get_field(globals, "redis") {
        heap.set_readonly(redis, false);
        heap.register(redis, FUNCTIONS);
        heap.set_readonly(redis, true);
    }
}

fn call(call: &mut Call<'_>) -> NativeResult {
    match run_shown(call) {
        (value, true) => Err(Raise::Error(value)),
        (value, false) => call.return_value(value),
    }
}

fn pcall(call: &mut Call<'_>) -> NativeResult {
    let (value, _) = run_shown(call);
    call.return_value(value)
}

/// Runs the command that the arguments name and shows it, if the user steps.
fn run_shown(call: &mut Call<'_>) -> (Value, bool) {
    let is_shown = debugger(call.runtime).is_some_and(|debugger| debugger.steps);
    let words = if is_shown { words_of(call) } else { None };
    let Some(words) = words else {
        let mut reply = Value::Nil;
        let answer = call.ask_host(&mut reply);
        return (reply, matches!(answer, Answer::Error | Answer::LateError));
    };
    let Some((state, heap)) = call.host_and_heap::<RunState>() else {
        return (Value::Nil, false);
    };
    let RunState {
        host: Some(host),
        names,
        protocol,
        debugger: Some(debugger),
        ..
    } = state
    else {
        return (Value::Nil, false);
    };
    let mut line = b"<redis>".to_vec();
    for (index, word) in words.iter().enumerate() {
        if index == WORDS_SHOWN {
            let more = words.len() - index - 1;
            line.extend_from_slice(format!(" ... ({more} more)").as_bytes());
            break;
        }
        line.push(b' ');
        line.extend_from_slice(word);
    }
    debugger.say(line);
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    let mut value = Value::Nil;
    let mut reply = LuaReply::new(heap, names, *protocol, &mut value);
    let mut shown = ShownReply::new(&mut reply);
    let was_run = host.call(&words, *protocol, &mut shown) != Called::Refused;
    let shown = shown.finish();
    for error in &shown.errors {
        let text = error.strip_prefix(b"-ERR ").filter(|_| !was_run);
        debugger.say_error(text.unwrap_or(error));
    }
    if was_run {
        debugger.say_shortened([b"<reply> ", shown.text.as_slice()].concat());
    }
    let is_error = reply.is_error();
    (value, is_error)
}

/// The arguments as words of a command; none if they are not a command's.
fn words_of(call: &Call<'_>) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::with_capacity(call.argument_count());
    for index in 1..=call.argument_count() {
        match call.argument(index) {
            Value::String(string) => words.push(call.bytes(string).to_vec()),
            Value::Number(number) => {
                let mut digits = Vec::new();
                write_number(number, &mut digits);
                words.push(digits);
            }
            _ => return None,
        }
    }
    (!words.is_empty()).then_some(words)
}

/// Stops at the next line.
fn breakpoint(call: &mut Call<'_>) -> NativeResult {
    let debugger = debugger(call.runtime);
    let is_debugged = debugger.is_some();
    if let Some(debugger) = debugger {
        debugger.breakpoint_called = true;
    }
    call.return_value(Value::Boolean(is_debugged))
}

/// Shows its arguments.
fn debug(call: &mut Call<'_>) -> NativeResult {
    let mut values = Vec::new();
    for index in 1..=call.argument_count() {
        if index > 1 {
            values.extend_from_slice(b", ");
        }
        write_value(call.heap(), call.argument(index), &mut values);
    }
    if let Some(debugger) = debugger(call.runtime) {
        let mut line = format!("<debug> line {}: ", debugger.line).into_bytes();
        line.extend_from_slice(&values);
        debugger.say(line);
    }
    Ok(Flow::Return(0))
}
