//! Calls of a Lua function by the host with three arguments and a result: the row `host_call` of `bench/lua`, per call.

use std::sync::Arc;

use lua::compiler::compile;
use lua::value::Value;
use lua::{Outcome, Vm};

/// How often the function is called: as often as the program's argument says.
const CALLS: u32 = 3_000_000;

/// The processor time used, in nanoseconds.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("this is Linux");
    let first = text.split(' ').next().expect("there is a first word");
    first.parse().expect("it is a number")
}

fn main() {
    let calls = std::env::args().nth(1);
    let calls = calls.map_or(CALLS, |text| text.parse().expect("a number of calls"));
    let mut vm = Vm::new();
    let source = b"return function(a, b, c) return a + b + c end";
    let chunk = compile(source, b"=host_call").expect("the source is right");
    let chunk = vm.load(&Arc::new(chunk));
    let (Outcome::Finished, [function]) = (vm.call(chunk, &[], u64::MAX >> 1), vm.results()) else {
        panic!("the chunk returns a function");
    };
    let function = *function;
    vm.pin(function);
    let mut sum = 0.0;
    let started = processor_time();
    for i in 0..calls {
        let arguments = [1.0, 2.0, f64::from(i)].map(Value::Number);
        let outcome = vm.call(function, &arguments, 1_000_000);
        if let (Outcome::Finished, [Value::Number(number)]) = (outcome, vm.results()) {
            sum += number;
        }
    }
    let nanoseconds = (processor_time() - started) as f64;
    assert!(sum > 0.0);
    println!("{:.2}", nanoseconds / f64::from(calls));
}
