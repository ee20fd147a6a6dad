//! Runs a Lua file (or `-e` text, or standard input) with the full library and `print`, for comparison with other interpreters.
//!
//! `tidelua [--fuel UNITS] [--bytes COUNT] [--collect UNITS] [FILE | -e TEXT | -] [ARGUMENTS]`: the first two bound the run; using up the fuel is a
//! failure. With the third, the run is suspended whenever so much fuel is used up, for a step of the collector: a test of the collector.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

use lua::native::{Call, Flow, NativeResult};
use lua::value::Value;
use lua::{Outcome, Vm, compiler, library};

fn print(call: &mut Call<'_>) -> NativeResult {
    // Values 1..=n of the window are what is left to print; the text so far is the state.
    call.state = Some(Box::new((Vec::<u8>::new(), 1usize)));
    print_more(call)
}

fn print_more(call: &mut Call<'_>) -> NativeResult {
    let Some(mut state) = call
        .state
        .take()
        .and_then(|state| state.downcast::<(Vec<u8>, usize)>().ok())
    else {
        return Ok(Flow::Return(0));
    };
    let index = state.1;
    if index > call.argument_count() {
        state.0.push(b'\n');
        let _ = std::io::stdout().lock().write_all(&state.0);
        return Ok(Flow::Return(0));
    }
    let value = call.argument(index);
    let globals = call.heap().global_table();
    let to_string = call.heap_mut().raw_get_field(globals, "tostring");
    call.push(to_string);
    call.push(value);
    call.state = Some(state);
    Ok(Flow::Call {
        arguments: 1,
        resume: printed,
    })
}

fn printed(call: &mut Call<'_>) -> NativeResult {
    let text = match call.callback_result(1) {
        Value::String(string) => call.bytes(string).to_vec(),
        Value::Number(number) => lua::number::to_text(number).as_bytes().to_vec(),
        _ => return Err(call.error("'tostring' must return a string to 'print'")),
    };
    call.drop_callback_results();
    if let Some(state) = call
        .state
        .as_mut()
        .and_then(|state| state.downcast_mut::<(Vec<u8>, usize)>())
    {
        if state.1 > 1 {
            state.0.push(b'\t');
        }
        // C's fputs, which lua5.1's print uses, stops at the first NUL.
        let end = text
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(text.len());
        state.0.extend_from_slice(&text[..end]);
        state.1 += 1;
    }
    print_more(call)
}

fn write(call: &mut Call<'_>) -> NativeResult {
    for n in 1..=call.argument_count() {
        let text = call.check_string(n)?;
        let _ = std::io::stdout().lock().write_all(call.bytes(text));
    }
    Ok(Flow::Return(0))
}

/// The processor time used, as 5.1's `os.clock` counts it, where the system tells; else the time since the first call.
fn clock(call: &mut Call<'_>) -> NativeResult {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    let processor_time = std::fs::read_to_string("/proc/self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let seconds = match processor_time {
        Some(nanoseconds) => nanoseconds as f64 / 1e9,
        None => START.get_or_init(Instant::now).elapsed().as_secs_f64(),
    };
    call.return_value(seconds)
}

/// Takes `name NUMBER` from the front of the arguments.
fn take_option(arguments: &mut Vec<String>, name: &str) -> Option<u64> {
    if arguments.first().map(String::as_str) != Some(name) {
        return None;
    }
    let number = arguments.get(1)?.parse().ok()?;
    arguments.drain(..2);
    Some(number)
}

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let fuel = take_option(&mut arguments, "--fuel");
    let bytes = take_option(&mut arguments, "--bytes");
    let slice = take_option(&mut arguments, "--collect").map(|units| units.max(1));
    let (source, name) = match arguments.first().map(String::as_str) {
        Some("-e") => {
            let text = arguments.get(1).cloned().unwrap_or_default();
            (text.into_bytes(), b"=(command line)".to_vec())
        }
        Some("-") | None => {
            let mut text = Vec::new();
            let _ = std::io::stdin().read_to_end(&mut text);
            (text, b"=stdin".to_vec())
        }
        Some(path) => match std::fs::read(path) {
            Ok(mut text) => {
                if text.first() == Some(&b'#') {
                    let end = text
                        .iter()
                        .position(|&byte| byte == b'\n')
                        .unwrap_or(text.len());
                    text.drain(..end);
                }
                (text, format!("@{path}").into_bytes())
            }
            Err(error) => {
                eprintln!("tidelua: cannot open {path}: {error}");
                return ExitCode::FAILURE;
            }
        },
    };
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let globals = vm.globals();
    vm.runtime.heap.register(globals, &[("print", print)]);
    vm.register_library("io", &[("write", write)]);
    vm.register_library("os", &[("clock", clock)]);
    let proto = match compiler::compile(&source, &name) {
        Ok(proto) => Arc::new(proto),
        Err(error) => {
            eprintln!("tidelua: {}", String::from_utf8_lossy(&error.message()));
            return ExitCode::FAILURE;
        }
    };
    // As in lua5.1: the program is called by a protected call of a protected call, and finds its arguments in `arg`.
    vm.runtime.outer_calls = 2;
    let arg = vm.runtime.heap.new_table(0, 0);
    vm.runtime.heap.raw_set_field(globals, "arg", arg.into());
    let function = vm.load(&proto);
    let rest: Vec<Value> = arguments
        .iter()
        .skip(1)
        .map(|text| vm.runtime.heap.new_string(text.as_bytes()).into())
        .collect();
    let bytes = bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    vm.set_memory_limit(bytes, false);
    let mut left = fuel.unwrap_or(u64::MAX);
    let first = slice.unwrap_or(left).min(left);
    left -= first;
    let mut outcome = vm.call(function, &rest, first);
    while let (Outcome::Suspended, Some(slice)) = (&outcome, slice)
        && left > 0
    {
        vm.collect_garbage_step(0);
        let next = slice.min(left);
        left -= next;
        outcome = vm.resume(&[], next);
    }
    match outcome {
        Outcome::Finished => ExitCode::SUCCESS,
        Outcome::Suspended => {
            eprintln!("tidelua: out of fuel");
            ExitCode::FAILURE
        }
        Outcome::Failed(error) => {
            let mut text = b"tidelua: ".to_vec();
            text.extend_from_slice(&error.message);
            text.push(b'\n');
            text.extend_from_slice(&error.traceback);
            text.push(b'\n');
            let _ = std::io::stderr().lock().write_all(&text);
            ExitCode::FAILURE
        }
    }
}
