//! The coroutine library.

use super::base;
use crate::heap::Role;
use crate::native::{Call, Flow, LibraryEntry, NativeResult, Raise};
use crate::runtime::Runtime;
use crate::thread::Status;
use crate::value::{ThreadHandle, Value};

const FUNCTIONS: &[LibraryEntry] = &[
    ("create", create),
    ("resume", resume),
    ("running", running),
    ("status", status),
    ("wrap", wrap),
    ("yield", yield_values),
];

/// Puts the coroutine library into the global table.
pub fn open(runtime: &mut Runtime) {
    let heap = &mut runtime.heap;
    let globals = heap.globals;
    let library = heap.new_table(0, FUNCTIONS.len());
    heap.register(library, FUNCTIONS);
    for (name, role) in [("resume", Role::Resume), ("yield", Role::Yield)] {
        if let Value::Native(native) = heap.raw_get_field(library, name) {
            heap.set_role(native, role);
        }
    }
    heap.raw_set_field(globals, "coroutine", Value::Table(library));
}

fn new_thread(call: &mut Call<'_>) -> Result<ThreadHandle, Raise> {
    let function = call.argument(1);
    if !matches!(function, Value::Function(_)) {
        return Err(call.argument_error(1, "Lua function expected"));
    }
    Ok(call.runtime.new_coroutine(function))
}

fn create(call: &mut Call<'_>) -> NativeResult {
    let thread = new_thread(call)?;
    call.return_value(Value::Thread(thread))
}

fn wrap(call: &mut Call<'_>) -> NativeResult {
    let thread = new_thread(call)?;
    let wrapper = call
        .heap_mut()
        .new_native(call_wrapped, &[Value::Thread(thread)]);
    call.heap_mut().set_role(wrapper, Role::Wrapper);
    call.return_value(Value::Native(wrapper))
}

fn thread_argument(call: &mut Call<'_>) -> Result<ThreadHandle, Raise> {
    match call.argument(1) {
        Value::Thread(thread) => Ok(thread),
        _ => Err(call.argument_error(1, "coroutine expected")),
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Suspended => "suspended",
        Status::Running => "running",
        Status::Normal => "normal",
        Status::Dead => "dead",
    }
}

fn resume(call: &mut Call<'_>) -> NativeResult {
    let thread = thread_argument(call)?;
    let status = call.runtime.thread_status(thread);
    if status != Status::Suspended {
        let message = format!("cannot resume {} coroutine", status_name(status));
        let message = call.new_string(message.as_bytes());
        return call.return_values(&[Value::Boolean(false), message.into()]);
    }
    let arguments = call.argument_count() - 1;
    // The first argument's place takes the first result, "true".
    call.set(1, Value::Boolean(true));
    Ok(Flow::ResumeThread {
        thread,
        arguments,
        resume: resumed,
    })
}

fn resumed(call: &mut Call<'_>) -> NativeResult {
    if call.callback_failed() {
        call.set(1, Value::Boolean(false));
    }
    Ok(Flow::Return(call.top()))
}

fn call_wrapped(call: &mut Call<'_>) -> NativeResult {
    let Value::Thread(thread) = call.upvalue(0) else {
        return Ok(Flow::Return(0));
    };
    let status = call.runtime.thread_status(thread);
    if status != Status::Suspended {
        return Err(call.error(format!("cannot resume {} coroutine", status_name(status))));
    }
    let arguments = call.argument_count();
    Ok(Flow::ResumeThread {
        thread,
        arguments,
        resume: wrapped_resumed,
    })
}

/// What a wrapper does with what comes of its coroutine.
pub(crate) fn wrapped_resumed(call: &mut Call<'_>) -> NativeResult {
    if !call.callback_failed() {
        return Ok(Flow::Return(call.callback_results()));
    }
    match call.callback_result(1) {
        value @ (Value::String(_) | Value::Number(_)) => {
            let message = base::display(call.runtime, value);
            Err(call.error(message))
        }
        value => Err(Raise::Error(value)),
    }
}

fn yield_values(call: &mut Call<'_>) -> NativeResult {
    Ok(Flow::Yield(call.argument_count()))
}

fn status(call: &mut Call<'_>) -> NativeResult {
    let thread = thread_argument(call)?;
    let name = status_name(call.runtime.thread_status(thread));
    call.return_string(name.as_bytes())
}

fn running(call: &mut Call<'_>) -> NativeResult {
    let current = call.runtime.current;
    let is_main = current == call.runtime.main;
    call.return_value(if is_main {
        Value::Nil
    } else {
        Value::Thread(current)
    })
}
