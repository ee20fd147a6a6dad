//! Hooks: which events there are and in which order, and that a run can be left and taken up at any of them.

use std::sync::{Arc, Mutex};

use lua::hook::{Event, Events, Reaction};
use lua::native::Raise;
use lua::value::Value;
use lua::{Outcome, Vm, compiler, library};

const LINES: Events = Events {
    lines: true,
    calls: false,
    instructions: false,
    returns: false,
};

const ALL: Events = Events {
    lines: true,
    calls: true,
    instructions: true,
    returns: true,
};

fn load(source: &str) -> (Vm, Value) {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let proto = compiler::compile(source.as_bytes(), b"=test").expect("the source is right");
    let function = vm.load(&Arc::new(proto));
    (vm, function)
}

fn watch(vm: &mut Vm, events: Events) -> Arc<Mutex<Vec<Event>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    vm.set_hook(
        events,
        Some(Box::new(move |event, _| {
            log.lock().expect("nothing panics").push(event);
            Reaction::Continue
        })),
    );
    seen
}

fn lines_of(source: &str, fuel: u64) -> Vec<u32> {
    let (mut vm, function) = load(source);
    let seen = watch(&mut vm, LINES);
    let mut outcome = vm.call(function, &[], fuel);
    while let Outcome::Suspended = outcome {
        outcome = vm.resume(&[], fuel);
    }
    assert!(matches!(outcome, Outcome::Finished), "{outcome:?}");
    let seen = seen.lock().expect("nothing panics");
    seen.iter()
        .map(|event| match event {
            Event::Line(line) => *line,
            other => panic!("{other:?} was not asked for"),
        })
        .collect()
}

/// The lines are those `debug.sethook` reports in `lua5.1`.
#[test]
fn lines_are_new_where_they_are_in_lua() {
    let cases: &[(&str, &[u32])] = &[
        (
            "local x=0\nwhile x<3 do\nx=x+1 end\nreturn x",
            &[1, 2, 3, 2, 3, 2, 3, 2, 4],
        ),
        (
            "local x=0\nwhile x<3\ndo\nx=x+1\nend\nreturn x",
            &[1, 2, 4, 2, 4, 2, 4, 2, 6],
        ),
        (
            "local x=0\nwhile true do x=x+1 if x == 3 then break end end\nreturn x",
            &[1, 2, 2, 2, 3],
        ),
        (
            "local x=0\nwhile true do\n x=x+1 if x == 3 then break end\nend\nreturn x",
            &[1, 3, 3, 3, 5],
        ),
        (
            "local x=0\nrepeat x=x+1 until x==3\nreturn x",
            &[1, 2, 2, 2, 3],
        ),
        (
            "local x=0\nrepeat\nx=x+1\n until x==3\nreturn x",
            &[1, 3, 4, 3, 4, 3, 4, 5],
        ),
        ("for i=1,3 do local x=1 end\nreturn", &[1, 1, 1, 1, 2]),
        ("for i=1,0 do local x=1 end\nreturn", &[1, 2]),
        (
            "for i=3,1,-1 do\nlocal x=1 end\nreturn",
            &[1, 2, 1, 2, 1, 2, 1, 3],
        ),
        (
            "for k in pairs({1,2}) do local x=1 end\nreturn",
            &[1, 1, 1, 2],
        ),
        (
            "for k in pairs({1,2}) do\nlocal x=1 end\nreturn",
            &[1, 2, 1, 2, 1, 3],
        ),
        (
            "local t={\n1,\n2,\n3}\nlocal s=tostring(\n1\n)\nreturn",
            &[1, 2, 3, 4, 5, 7, 5, 8],
        ),
        (
            "local x = 1\n+\n2\nlocal y = x\n..\nx\n return y",
            &[3, 5, 6, 7],
        ),
        (
            "local a\nlocal b,\nc\ndo\n local d\nend\ngoto1=1\nwhile false do\nx=1\nend\nreturn a and\nb or\n c",
            &[7, 8, 11, 13],
        ),
        (
            "local function f()
  return 1
end
local function g()
  return f()
end
local x = f() + f()
local y = f() +
   f()
local w = g()
string.gsub('ab', '.', function(c) return c end)",
            &[3, 6, 7, 2, 2, 8, 2, 9, 2, 10, 5, 2, 11, 11, 11],
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(lines_of(source, u64::MAX), *expected, "{source}");
        assert_eq!(lines_of(source, 1), *expected, "in slices: {source}");
    }
}

#[test]
fn calls_and_returns_pair_up() {
    let (mut vm, function) = load(
        "local function f(n) if n > 0 then return f(n - 1) end return n end
         local function g() f(2) f(0) end
         g()
         table.sort({3, 1, 2}, function(a, b) return a < b end)
         local co = coroutine.wrap(function() coroutine.yield() end)
         co() co()",
    );
    let events = Events {
        lines: false,
        instructions: false,
        ..ALL
    };
    let seen = watch(&mut vm, events);
    assert!(matches!(
        vm.call(function, &[], u64::MAX),
        Outcome::Finished
    ));
    let seen = seen.lock().expect("nothing panics");
    let count = |wanted: Event| seen.iter().filter(|&&event| event == wanted).count();
    let plain = count(Event::Call {
        is_tail_call: false,
    });
    assert_eq!(count(Event::Call { is_tail_call: true }), 2);
    assert_eq!(plain, count(Event::Return));
    // The chunk, g, f twice, the coroutine, and the comparator as often as it was called.
    assert!(plain >= 7, "{plain}");
}

#[test]
fn a_run_is_left_and_taken_up_at_every_instruction() {
    let source = "local t = setmetatable({}, {__index = function(_, k) return k * 2 end})
        local s = 0
        for i = 1, 20 do s = s + t[i] end
        local co = coroutine.wrap(function(...) for i = 1, select('#', ...) do coroutine.yield(i) end end)
        s = s + co(1, 2, 3) + co()
        local ok, message = pcall(function() error('x', 0) end)
        local parts = {} for w in string.gmatch('a b c', '%a') do parts[#parts + 1] = w .. message end
        return s, table.concat(parts)";
    let (mut vm, function) = load(source);
    vm.set_hook(ALL, Some(Box::new(|_, _| Reaction::Suspend)));
    let mut outcome = vm.call(function, &[], u64::MAX);
    let mut stops = 0;
    while let Outcome::Suspended = outcome {
        assert!(vm.is_at_hook());
        stops += 1;
        if stops % 50 == 0 {
            vm.collect_garbage();
        }
        outcome = vm.resume(&[], u64::MAX);
    }
    assert!(matches!(outcome, Outcome::Finished), "{outcome:?}");
    assert!(stops > 150, "{stops}");
    let results = vm.results().to_vec();
    assert!(matches!(results[0], Value::Number(number) if number == 423.0));
    let Value::String(text) = results[1] else {
        panic!("{:?}", results[1]);
    };
    assert_eq!(vm.runtime.heap.bytes(text), b"axbxcx");
}

#[test]
fn a_hook_can_fail_the_run_and_so_can_the_host_at_a_stop() {
    let source = "local ok, e = pcall(function()\n local x = 1\n return x end)\nreturn ok, e";
    let (mut vm, function) = load(source);
    vm.set_hook(
        LINES,
        Some(Box::new(|event, runtime| {
            if event == Event::Line(2) {
                let text = runtime.heap.new_string(b"no further");
                return Reaction::Fail(Raise::Error(Value::String(text)));
            }
            Reaction::Continue
        })),
    );
    assert!(matches!(
        vm.call(function, &[], u64::MAX),
        Outcome::Finished
    ));
    assert!(matches!(vm.results()[0], Value::Boolean(false)));

    vm.set_hook(
        LINES,
        Some(Box::new(|event, _| match event {
            Event::Line(4) => Reaction::Suspend,
            _ => Reaction::Continue,
        })),
    );
    assert!(matches!(
        vm.call(function, &[], u64::MAX),
        Outcome::Suspended
    ));
    match vm.resume_with_error(Raise::Stopped, u64::MAX) {
        Outcome::Failed(error) => assert_eq!(error.line, Some(4)),
        outcome => panic!("{outcome:?}"),
    }
    // Without the hook the VM is as before.
    vm.set_hook(Events::default(), None);
    assert!(matches!(
        vm.call(function, &[], u64::MAX),
        Outcome::Finished
    ));
    assert!(matches!(vm.results()[0], Value::Boolean(true)));
}
