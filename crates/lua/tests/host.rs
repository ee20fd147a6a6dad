//! The host interface: fuel, suspension, stops, caps, regions, host state.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lua::meter::Decision;
use lua::native::{Call, Flow, Host, NativeResult};
use lua::value::Value;
use lua::{ErrorKind, Outcome, Vm, compiler, library};

fn vm() -> Vm {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    vm
}

fn load(vm: &mut Vm, source: &str) -> Value {
    let proto = compiler::compile(source.as_bytes(), b"=test").expect("the source is right");
    vm.load(&Arc::new(proto))
}

fn number(value: Value) -> f64 {
    match value {
        Value::Number(number) => number,
        value => panic!("{value:?} is no number"),
    }
}

#[test]
fn a_run_is_suspended_by_fuel_and_resumed_until_it_ends() {
    let mut vm = vm();
    let source = "local s = 0 for i = 1, 10000 do s = s + i end
        local co = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end)
        for i = 1, 100 do s = s + co() end return s, pcall(function() local n = 0 while n < 1000 do n = n + 1 end return n end)";
    let function = load(&mut vm, source);
    let mut outcome = vm.call(function, &[], 100);
    let mut slices = 0;
    while let Outcome::Suspended = outcome {
        slices += 1;
        outcome = vm.resume(&[], 100);
    }
    assert!(matches!(outcome, Outcome::Finished), "{outcome:?}");
    assert!(slices > 100, "{slices}");
    let results = vm.results().to_vec();
    assert_eq!(number(results[0]), 50_005_000.0 + 5_050.0);
    assert!(results[1].is_truthy());
    assert_eq!(number(results[2]), 1000.0);
}

#[test]
fn a_stop_cannot_be_caught() {
    for source in [
        "while true do pcall(function() while true do end end) end",
        "while true do local co = coroutine.wrap(function() while true do end end) pcall(co) end",
        "local s = string.rep('a', 30) while true do pcall(string.find, s, '.-.-.-.-.-.-.-.-b') end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "local function f() return f() end f()",
        "table.sort({1,2,3,4,5,6,7,8}, function() while true do end end)",
    ] {
        let mut vm = vm();
        let function = load(&mut vm, source);
        let asked = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&asked);
        vm.set_interrupt(Some(Box::new(move || {
            if counter.fetch_add(1, Ordering::Relaxed) < 10 {
                Decision::Continue(1000)
            } else {
                Decision::Stop
            }
        })));
        match vm.call(function, &[], 1000) {
            Outcome::Failed(error) => assert_eq!(error.kind, ErrorKind::Stopped, "{source}"),
            outcome => panic!("{source}: {outcome:?}"),
        }
        let function = load(&mut vm, "return 1 + 1");
        assert!(matches!(
            vm.call(function, &[], u64::MAX),
            Outcome::Finished
        ));
        assert_eq!(number(vm.results()[0]), 2.0);
    }
}

#[test]
fn the_memory_cap_is_an_error_and_leaves_the_vm_usable() {
    for source in [
        "local t = {} for i = 1, 1e9 do t[i] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 1e9)",
        "local t = {} while true do t[#t + 1] = function() return t end end",
        "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
        "local t = {} for i = 1, 1e9 do t['k' .. i] = i end",
    ] {
        let mut vm = vm();
        let function = load(&mut vm, source);
        vm.set_memory_limit(Some(4 << 20), false);
        match vm.call(function, &[], u64::MAX) {
            Outcome::Failed(error) => {
                assert_eq!(error.kind, ErrorKind::OutOfMemory, "{source}: {error}");
                assert_eq!(error.message, b"not enough memory");
            }
            outcome => panic!("{source}: {outcome:?}"),
        }
        let function = load(&mut vm, "return pcall(string.rep, 'x', 1e9)");
        assert!(matches!(
            vm.call(function, &[], u64::MAX),
            Outcome::Finished
        ));
        assert!(!vm.results()[0].is_truthy());
    }
}

#[test]
fn a_region_leaves_nothing_behind() {
    let mut vm = vm();
    let function = load(
        &mut vm,
        "local t = {} for i = 1, 1000 do t[i] = {i, tostring(i) .. 'some text that is longer than forty bytes altogether', function() return i end} end
         local co = coroutine.wrap(function() for i = 1, 10 do coroutine.yield({i}) end end) co() co()
         return loadstring('return ...')(#t)",
    );
    vm.pin(function);
    let mut before = None;
    for _ in 0..5 {
        vm.begin_region();
        assert!(matches!(
            vm.call(function, &[], u64::MAX),
            Outcome::Finished
        ));
        assert_eq!(number(vm.results()[0]), 1000.0);
        vm.end_region();
        let bytes = vm.runtime.heap.bytes_in_use();
        assert_eq!(*before.get_or_insert(bytes), bytes);
    }
}

#[test]
fn what_escapes_a_region_lives_on() {
    let mut vm = vm();
    let writer = load(
        &mut vm,
        "kept = kept or {} kept[#kept + 1] = {name = 'item ' .. #kept}",
    );
    let reader = load(&mut vm, "return #kept, kept[#kept].name");
    vm.pin(writer);
    vm.pin(reader);
    for round in 1..=20 {
        vm.begin_region();
        assert!(matches!(vm.call(writer, &[], u64::MAX), Outcome::Finished));
        vm.end_region();
        vm.collect_garbage();
        vm.begin_region();
        assert!(matches!(vm.call(reader, &[], u64::MAX), Outcome::Finished));
        assert_eq!(number(vm.results()[0]), f64::from(round));
        let Value::String(name) = vm.results()[1] else {
            panic!("a name")
        };
        assert_eq!(
            vm.runtime.heap.bytes(name),
            format!("item {}", round - 1).as_bytes()
        );
        vm.end_region();
    }
}

#[test]
fn a_native_suspends_the_run_and_is_resumed_with_values() {
    fn ask(_: &mut Call<'_>) -> NativeResult {
        Ok(Flow::Suspend { resume: answered })
    }
    fn answered(call: &mut Call<'_>) -> NativeResult {
        Ok(Flow::Return(call.callback_results()))
    }
    let mut vm = vm();
    let globals = vm.globals();
    vm.runtime.heap.register(globals, &[("ask", ask)]);
    let function = load(
        &mut vm,
        "local a, b = ask('x') return a + b + (pcall(ask) and 1 or 0)",
    );
    assert!(matches!(
        vm.call(function, &[], u64::MAX),
        Outcome::Suspended
    ));
    let answers = [Value::Number(20.0), Value::Number(22.0)];
    assert!(matches!(vm.resume(&answers, u64::MAX), Outcome::Suspended));
    assert!(matches!(vm.resume(&[], u64::MAX), Outcome::Finished));
    assert_eq!(number(vm.results()[0]), 43.0);
}

#[test]
fn natives_reach_the_host_state_and_make_tables_from_it() {
    struct Store(Vec<(String, f64)>);
    impl Host for Store {}
    fn all(call: &mut Call<'_>) -> NativeResult {
        let Some((store, heap)) = call.host_and_heap::<Store>() else {
            return Err(call.error("no store"));
        };
        let table = heap.new_table(store.0.len(), 0);
        for (index, (name, amount)) in store.0.iter().enumerate() {
            let row = heap.new_table(0, 2);
            let name = heap.new_string(name.as_bytes());
            heap.raw_set_field(row, "name", name.into());
            heap.raw_set_field(row, "amount", Value::Number(*amount));
            heap.raw_set_integer(table, index as i64 + 1, row.into());
        }
        call.return_value(table)
    }
    let mut vm = vm();
    vm.register_library("store", &[("all", all)]);
    vm.set_host(Box::new(Store(vec![("a".into(), 1.0), ("b".into(), 2.5)])));
    let function = load(
        &mut vm,
        "local s = 0 for _, row in ipairs(store.all()) do s = s + row.amount end return s",
    );
    assert!(matches!(
        vm.call(function, &[], u64::MAX),
        Outcome::Finished
    ));
    assert_eq!(number(vm.results()[0]), 3.5);
    assert!(vm.take_host().is_some());
}

#[test]
fn an_error_has_its_place_and_a_traceback() {
    let mut vm = vm();
    let function = load(&mut vm, "local function f(x)\n  return x.y.z\nend\nf({})");
    let Outcome::Failed(error) = vm.call(function, &[], u64::MAX) else {
        panic!("an error")
    };
    assert_eq!(
        String::from_utf8_lossy(&error.message),
        "test:2: attempt to index field 'y' (a nil value)"
    );
    assert_eq!(error.line, Some(2));
    assert_eq!(error.chunk_name.as_deref(), Some(b"=test".as_slice()));
    assert_eq!(
        String::from_utf8_lossy(&error.traceback),
        "stack traceback:\n\ttest:2: in function 'f'\n\ttest:4: in main chunk"
    );
}

#[test]
fn readonly_tables_refuse_every_write() {
    let mut vm = vm();
    let function = load(
        &mut vm,
        "local out = {}
         for _, f in ipairs{function(t) t.x = 1 end, function(t) t[1] = 2 end, function(t) rawset(t, 'y', 1) end,
             function(t) table.insert(t, 1) end, function(t) setmetatable(t, {}) end, function(t) table.sort(t) end,
             function(t) t.a = nil end, function(t) table.remove(t) end} do
           local ok, message = pcall(f, ...)
           out[#out + 1] = tostring(ok) .. ' ' .. tostring(message)
         end
         return table.concat(out, '\\n')",
    );
    let table = vm.runtime.heap.new_table(0, 0);
    vm.runtime
        .heap
        .raw_set_field(table, "a", Value::Number(1.0));
    for index in 1..=3 {
        vm.runtime
            .heap
            .raw_set_integer(table, index, Value::Number(-(index as f64)));
    }
    vm.runtime.heap.set_readonly(table, true);
    let outcome = vm.call(function, &[table.into()], u64::MAX);
    assert!(matches!(outcome, Outcome::Finished), "{outcome:?}");
    let Value::String(text) = vm.results()[0] else {
        panic!("text")
    };
    let text = String::from_utf8_lossy(vm.runtime.heap.bytes(text)).into_owned();
    for line in text.lines() {
        assert!(
            line.starts_with("false") && line.ends_with("Attempt to modify a readonly table"),
            "{text}"
        );
    }
    assert_eq!(vm.runtime.heap.length(table), 3);
}

#[test]
fn collecting_all_the_time_changes_nothing() {
    let mut vm = vm();
    let source = "collectgarbage('setpause', 0)
        local weak = setmetatable({}, {__mode = 'v'})
        local out = {}
        for i = 1, 300 do
          local t = {name = 'n' .. i, list = {i, i + 1}, f = function() return i end}
          weak[i] = t
          if i % 50 == 0 then out[#out + 1] = t end
          if i % 7 == 0 then collectgarbage() end
          local co = coroutine.wrap(function(a) local b = coroutine.yield(a .. 'x') return b end)
          assert(co('k' .. i) == 'k' .. i .. 'x')
          collectgarbage()
          assert(co(t) == t)
        end
        collectgarbage()
        local n = 0 for _ in pairs(weak) do n = n + 1 end
        local s = 0 for _, t in ipairs(out) do s = s + t.f() + #t.name + t.list[2] end
        return n, s";
    let function = load(&mut vm, source);
    let outcome = vm.call(function, &[], u64::MAX);
    assert!(matches!(outcome, Outcome::Finished), "{outcome:?}");
    // The last table is still in a register of the loop.
    assert!(number(vm.results()[0]) <= 7.0);
    assert_eq!(number(vm.results()[1]), 2.0 * 1050.0 + 6.0 + 23.0);
}

#[test]
fn a_collection_goes_on_when_the_table_it_is_in_goes_with_its_region() {
    let mut vm = vm();
    let large = load(
        &mut vm,
        "local size, steps = ... local t = {} for i = 1, size do t['k' .. i] = i end for i = 1, steps do collectgarbage('step', 0) end",
    );
    let small = load(
        &mut vm,
        "local t = {a = 1} for i = 1, 200 do t = {a = t} collectgarbage('step', 0) end",
    );
    vm.pin(large);
    vm.pin(small);
    for steps in 0..60 {
        for size in [100, 3000] {
            vm.begin_region();
            let arguments = [
                Value::Number(f64::from(size)),
                Value::Number(f64::from(steps)),
            ];
            assert!(matches!(
                vm.call(large, &arguments, u64::MAX),
                Outcome::Finished
            ));
            vm.end_region();
            vm.begin_region();
            assert!(matches!(vm.call(small, &[], u64::MAX), Outcome::Finished));
            vm.end_region();
        }
    }
}
