//! What a debugger and a profiler do with a suspended run: look, assign, evaluate, sample.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use lua::evaluate::EvaluationError;
use lua::hook::{Event, Events, Reaction};
use lua::inspect::CodePlace;
use lua::value::Value;
use lua::{ErrorKind, Outcome, Vm, compiler, library};

const FUEL: u64 = 100_000;

fn load(source: &str) -> (Vm, Value) {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let proto = compiler::compile(source.as_bytes(), b"=test").expect("the source is right");
    let function = vm.load(&Arc::new(proto));
    (vm, function)
}

/// A run that stands at `line`.
fn stopped_at(source: &str, line: u32) -> Vm {
    let (mut vm, function) = load(source);
    let events = Events {
        lines: true,
        ..Events::default()
    };
    vm.set_hook(
        events,
        Some(Box::new(move |event, _| match event {
            Event::Line(reached) if reached == line => Reaction::Suspend,
            _ => Reaction::Continue,
        })),
    );
    let outcome = vm.call(function, &[], u64::MAX);
    assert!(matches!(outcome, Outcome::Suspended), "{outcome:?}");
    assert!(vm.is_at_hook());
    vm
}

fn text(vm: &mut Vm, value: Value) -> String {
    match value {
        Value::String(string) => {
            String::from_utf8_lossy(vm.runtime.heap.bytes(string)).into_owned()
        }
        Value::Number(number) => number.to_string(),
        value => value.type_name().to_owned(),
    }
}

fn show(vm: &mut Vm, level: usize) -> String {
    let locals = vm.runtime.locals(level);
    let shown: Vec<String> = locals
        .iter()
        .map(|local| {
            let value = text(vm, local.value);
            format!("{}={value}", String::from_utf8_lossy(&local.name))
        })
        .collect();
    shown.join(" ")
}

const SOURCE: &str = "local total = 10
local function add(x, x)
  local y = x + total
  local nothing
  return y + total
end
for i = 1, 2 do
  local r = add(i, i * 2)
  total = r
end
return total";

#[test]
fn variables_are_those_in_sight() {
    let mut vm = stopped_at(SOURCE, 5);
    assert_eq!(show(&mut vm, 0), "x=1 x=2 y=12 nothing=nil");
    assert_eq!(
        show(&mut vm, 1),
        "total=10 add=function (for index)=1 (for limit)=2 (for step)=1 i=1"
    );
    assert_eq!(show(&mut vm, 2), "");
    let upvalues = vm.runtime.upvalues(0);
    assert_eq!(upvalues.len(), 1);
    assert_eq!(&*upvalues[0].name, b"total");
    assert!(matches!(
        vm.runtime.variable(0, b"x"),
        Some(Value::Number(2.0))
    ));
    assert!(vm.runtime.variable(0, b"add").is_none());

    let info = vm.runtime.call_info(0).expect("a call");
    assert_eq!(info.name, Some(("local", b"add".to_vec())));
    let code = info.code.expect("Lua code");
    assert_eq!((code.line, code.line_defined), (5, 2));
    let info = vm.runtime.call_info(1).expect("the chunk");
    assert_eq!(info.code.map(|code| code.line), Some(8));
    assert!(vm.runtime.call_info(2).is_none());
    assert_eq!(
        vm.runtime.call_traceback().as_slice(),
        b"stack traceback:\n\ttest:5: in function 'add'\n\ttest:8: in main chunk"
    );
}

#[test]
fn assignments_reach_the_run() {
    let mut vm = stopped_at(SOURCE, 5);
    assert!(vm.runtime.set_variable(0, b"y", Value::Number(100.0)));
    assert!(vm.runtime.set_upvalue(0, 0, Value::Number(1000.0)));
    assert!(vm.runtime.set_local(1, 3, Value::Number(1.0)));
    assert!(!vm.runtime.set_local(0, 4, Value::Nil));
    assert!(!vm.runtime.set_local(9, 0, Value::Nil));
    assert!(!vm.runtime.set_upvalue(0, 1, Value::Nil));
    assert!(!vm.runtime.set_variable(0, b"zzz", Value::Nil));
    vm.set_hook(Events::default(), None);
    // The loop's limit is 1 now, and the sum was 100 + 1000.
    assert!(vm.runtime.set_local(1, 3, Value::Number(1.0)));
    assert!(matches!(vm.resume(&[], u64::MAX), Outcome::Finished));
    assert!(matches!(vm.results()[0], Value::Number(_)));
}

#[test]
fn expressions_see_and_change_the_function_they_are_evaluated_in() {
    let mut vm = stopped_at(SOURCE, 5);
    let mut value = |level: usize, code: &str| {
        let values = vm.evaluate_at(level, code.as_bytes(), b"=eval", FUEL);
        let values = values.unwrap_or_else(|error| panic!("{code}: {error}"));
        let first = values.first().copied().unwrap_or(Value::Nil);
        text(&mut vm, first)
    };
    assert_eq!(value(0, "x + y + total"), "24");
    assert_eq!(value(0, "nothing == nil and type(math.floor)"), "function");
    assert_eq!(value(0, "local z = y * 2 return z"), "24");
    assert_eq!(value(1, "i + (x or 5)"), "6");
    assert_eq!(value(0, "nothing, y = 'something', nil"), "nil");
    assert_eq!(value(0, "nothing"), "something");
    assert_eq!(value(0, "total = 40"), "nil");
    assert_eq!(value(0, "new_global = total"), "nil");
    assert_eq!(value(1, "new_global + total"), "80");
    assert_eq!(value(0, "y == nil"), "boolean");
    assert_eq!(value(0, "y = 2"), "nil");

    vm.set_hook(Events::default(), None);
    assert!(matches!(vm.resume(&[], u64::MAX), Outcome::Finished));
    // 2 + 40, then 42 + 4 twice over.
    assert!(matches!(vm.results()[0], Value::Number(88.0)));
}

#[test]
fn an_evaluation_that_fails_leaves_the_run_alone() {
    let mut vm = stopped_at(
        "local co = coroutine.wrap(function(a)
  local b = a
  coroutine.yield(b)
  return b + 1
end)
local first = co(5)
return first + co()",
        3,
    );
    for (code, kind) in [
        ("error('x')", ErrorKind::Error),
        ("while true do end", ErrorKind::Stopped),
        (
            "coroutine.wrap(function() while true do end end)()",
            ErrorKind::Stopped,
        ),
        (
            "pcall(string.rep, 'x', -1) and string.rep('ab', 1e6):find('.-.-.-c')",
            ErrorKind::Stopped,
        ),
        ("coroutine.yield(1)", ErrorKind::Error),
        (
            "local function f() return f() + 1 end return f()",
            ErrorKind::Error,
        ),
    ] {
        match vm.evaluate_at(0, code.as_bytes(), b"=eval", FUEL) {
            Err(EvaluationError::Run(error)) => assert_eq!(error.kind, kind, "{code}: {error}"),
            other => panic!("{code}: {other:?}"),
        }
        vm.collect_garbage();
    }
    match vm.evaluate(b"1 +", b"=eval", FUEL) {
        Err(EvaluationError::Syntax(error)) => assert_eq!(
            error.message(),
            b"eval:1: unexpected symbol near '1'".as_slice()
        ),
        other => panic!("{other:?}"),
    }
    assert!(vm.evaluate(b"b == nil", b"=eval", FUEL).is_ok());
    vm.set_hook(Events::default(), None);
    assert!(matches!(vm.resume(&[], u64::MAX), Outcome::Finished));
    assert!(matches!(vm.results()[0], Value::Number(11.0)));
}

#[test]
fn samples_tell_where_the_fuel_goes() {
    let (mut vm, function) = load(
        "local function busy() for i = 1, 30000 do end end
local function idle() for i = 1, 3000 do end end
local co = coroutine.wrap(function() busy() end)
busy() idle() busy()
co()
string.rep('x', 1000000)",
    );
    let counts: Arc<Mutex<HashMap<CodePlace, u32>>> = Arc::default();
    let seen = Arc::clone(&counts);
    vm.runtime.meter.set_sampler(
        100,
        Some(Box::new(move |runtime, times| {
            let stack = runtime.call_stack();
            let mut seen = seen.lock().expect("nothing panics");
            for place in stack {
                *seen.entry(place).or_default() += times;
            }
        })),
    );
    let mut outcome = vm.call(function, &[], 777);
    while let Outcome::Suspended = outcome {
        outcome = vm.resume(&[], 777);
    }
    assert!(matches!(outcome, Outcome::Finished), "{outcome:?}");
    let counts = counts.lock().expect("nothing panics");
    let at = |line: u32| -> u32 {
        let places = counts.iter().filter(|(place, _)| place.line == line);
        places.map(|(_, count)| *count).sum()
    };
    let (busy, idle) = (at(1), at(2));
    assert!((700..1100).contains(&busy), "{busy}");
    assert!((20..40).contains(&idle), "{idle}");
    // The coroutine's work is its resumer's too.
    assert!(at(5) >= 230, "{}", at(5));
}
