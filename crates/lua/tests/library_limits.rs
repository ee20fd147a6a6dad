//! The libraries under fuel and byte caps: long work pauses and goes on, can be stopped, and big results end in an
//! error; and no input makes the decoders fail in any other way.

use lua::meter::Decision;
use lua::value::Value;
use lua::{ErrorKind, Outcome, Vm, library};
use proptest::prelude::*;
use std::sync::Arc;

fn vm() -> Vm {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    vm
}

fn load(vm: &mut Vm, script: &str) -> Value {
    let proto = lua::compiler::compile(script.as_bytes(), b"@script").expect("the script compiles");
    vm.load(&Arc::new(proto))
}

fn text(vm: &Vm, value: Value) -> String {
    match value {
        Value::String(string) => {
            String::from_utf8_lossy(vm.runtime.heap.bytes(string)).into_owned()
        }
        Value::Number(number) => {
            String::from_utf8_lossy(&lua::number::to_text(number)).into_owned()
        }
        other => format!("{other:?}"),
    }
}

/// Runs a script with a little fuel at a time; its first result, and how often it was suspended.
fn run_in_slices(script: &str, fuel: u64) -> (String, usize) {
    let mut vm = vm();
    let function = load(&mut vm, script);
    let mut outcome = vm.call(function, &[], fuel);
    let mut suspended = 0;
    loop {
        match outcome {
            Outcome::Finished => {
                let result = vm.results().first().copied().unwrap_or_default();
                return (text(&vm, result), suspended);
            }
            Outcome::Suspended => {
                suspended += 1;
                // What a function left half-way refers to is in use.
                if suspended % 64 == 0 {
                    vm.collect_garbage();
                }
                assert!(suspended < 1_000_000);
                outcome = vm.resume(&[], fuel);
            }
            Outcome::Failed(error) => return (error.to_string(), suspended),
        }
    }
}

fn run(script: &str, memory: Option<usize>) -> Result<String, (ErrorKind, String)> {
    let mut vm = vm();
    vm.set_memory_limit(memory, false);
    let function = load(&mut vm, script);
    let mut left = 30;
    vm.set_interrupt(Some(Box::new(move || {
        left -= 1;
        if left == 0 {
            Decision::Stop
        } else {
            Decision::Continue(100_000)
        }
    })));
    match vm.call(function, &[], 100_000) {
        Outcome::Finished => Ok(vm
            .results()
            .first()
            .map_or(String::new(), |value| text(&vm, *value))),
        Outcome::Suspended => panic!("nothing asked for that"),
        Outcome::Failed(error) => Err((error.kind, error.to_string())),
    }
}

#[test]
fn long_searches_pause_and_go_on() {
    let cases = [
        // Millions of steps of the matcher.
        (
            "return tostring(string.find(('a'):rep(400), '.-.-b'))",
            "nil",
        ),
        (
            "return (string.gsub(('a'):rep(300) .. 'b', '.-.-c', 'x'))",
            "",
        ),
    ];
    for (script, expected) in cases {
        let (result, suspended) = run_in_slices(script, 10_000);
        assert!(suspended > 0, "{script}");
        if !expected.is_empty() {
            assert_eq!(result, expected, "{script}");
        }
    }
}

#[test]
fn a_sort_by_metamethods_or_a_comparator_pauses_and_goes_on() {
    let script = "
        local t, x = {}, 42
        for i = 1, 3000 do x = (x * 1103515245 + 12345) % 2147483648 t[i] = x end
        t[1] = -x * 0
        COMPARE
        for i = 2, #t do assert(not (t[i] < t[i - 1])) end
        return 'sorted'";
    for compare in [
        "table.sort(t)",
        "table.sort(t, function(a, b) return a < b end)",
    ] {
        let (result, suspended) = run_in_slices(&script.replace("COMPARE", compare), 2_000);
        assert_eq!(result, "sorted");
        assert!(suspended > 5, "{compare}: {suspended}");
    }
}

#[test]
fn long_library_calls_pause_and_give_the_same_result() {
    // Each script's last call is long; its result does not depend on how often it was left.
    let scripts = [
        "local t = {} for i = 1, 20000 do t[i] = {id = i, s = 'name ' .. i, l = {i, i / 4}} end
         MARK local s = cjson.encode(t) return #s .. s:sub(-40)",
        "local t = {} for i = 1, 60000 do t[i] = i end t.last = ('\\n'):rep(600000)
         MARK local s = cjson.encode(t) return #s .. s:sub(-40)",
        "local m = {} for i = 1, 3000 do m[i] = '\"key' .. i .. '\":[' .. i .. ',{\"a\":\"b' .. i .. '\"}]' end
         local s = '[{' .. table.concat(m, ',') .. '},' .. ('{\"a\":1,\"b\":[2]},'):rep(5000) .. '[3]]'
         MARK local t = cjson.decode(s) local n, last = 0 for k, v in pairs(t[1]) do n = n + v[1] last = k end
         return n .. last .. #t .. t[4000].b[1] .. t[1].key77[2].a",
        "local t = {m = {}} for i = 1, 3000 do t.m['key' .. i] = {i, {a = 'b' .. i}} end for i = 1, 20000 do t[i] = {x = i, [1] = 2.5} end
         MARK local s = cmsgpack.pack(t, 'next', t) return #s .. s:byte(9)",
        "local t = {m = {}} for i = 1, 3000 do t.m['key' .. i] = {i, {a = 'b' .. i}} end for i = 1, 5000 do t[i] = {x = i, [1] = 2.5} end
         local s = cmsgpack.pack(t, 'next', 7)
         MARK local a, b, c = cmsgpack.unpack(s) local n, last = 0 for k, v in pairs(a.m) do n = n + v[1] last = k end
         return n .. last .. #a .. b .. c .. a[4000].x .. a.m.key77[2].a",
        "local t = {} for i = 1, 30000 do t[i] = i % 3 == 0 and i or 'item' .. i end MARK return #table.concat(t, ', ')",
        "MARK return #('abcdefg'):rep(300000)",
        "local s = ('0123456789'):rep(40000) MARK s = s:rep(7) return #s .. s:sub(-10) .. s:sub(1234567, 1234590)",
        "local s = ('aB1'):rep(500000) MARK local u, l, r = s:upper(), s:lower(), s:reverse() return #u .. u:sub(-3) .. l:sub(1048570, 1048580) .. r:sub(1, 3) .. r:sub(-4)",
        "local t, x = {}, 42 for i = 1, 20000 do x = (x * 16807) % 2147483647 t[i] = x end
         MARK table.sort(t) for i = 2, #t do assert(t[i - 1] <= t[i]) end return t[777]",
        "local s = ('word and '):rep(20000) MARK s = s:gsub('%a+', '<%0>') return #s .. s:sub(-20)",
    ];
    for script in scripts {
        let whole = run_in_slices(&script.replace("MARK", ""), 1 << 40);
        assert_eq!(whole.1, 0, "{script}");
        // The fuel is not known beforehand, so the scripts' preparations are sliced too: the calls themselves pause at least twice.
        let start = script.find("MARK").expect("the scripts are marked");
        let (_, before) = run_in_slices(&script[..start], 3_000);
        let (result, suspended) = run_in_slices(&script.replace("MARK", ""), 3_000);
        assert_eq!(result, whole.0, "{script}");
        assert!(suspended > before + 2, "{script}: {before} and {suspended}");
    }
}

#[test]
fn long_work_can_be_stopped() {
    let scripts = [
        "return string.find(('a'):rep(100000), '.-.-.-b')",
        "return string.find(('a'):rep(50000), ('a?'):rep(50) .. ('a'):rep(50) .. 'b')",
        "return pcall(string.find, ('a'):rep(100000), '.-.-.-b')",
        "while true do pcall(string.rep, 'x', 1e6) end",
        "while true do cjson.encode({1, 2, 3}) end",
        "table.insert({}, -2^31, 1)",
        "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1000) end while true do table.concat(t) end",
    ];
    for script in scripts {
        let (kind, message) = run(script, Some(1 << 26)).expect_err(script);
        assert!(
            kind == ErrorKind::Stopped || kind == ErrorKind::OutOfMemory,
            "{script}: {message}"
        );
    }
}

#[test]
fn big_results_end_in_an_error() {
    let scripts = [
        "return string.rep('x', 2^31 - 1)",
        "return ('x'):rep(1e6):rep(1e6)",
        "local s = ('x'):rep(1e6) return s:gsub('x', s)",
        "local s = ('x'):rep(1e6) return s:gsub('.', '%0' .. s)",
        "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1e5) end return table.concat(t, t[1])",
        "local s = ('\\0'):rep(4e6) return string.format('%q%q%q%q', s, s, s, s)",
        "return ('x'):rep(1e7):upper()",
        "local s = ('x'):rep(6e6) return s:reverse() .. s",
        "local t = {} for i = 1, 1000 do t[i] = ('\\1'):rep(1e4) end return cjson.encode(t)",
        "local t = {} for i = 1, 1000 do t[i] = ('\\1'):rep(2e4) end return cmsgpack.pack(t)",
        "return cjson.decode('[' .. ('[],'):rep(2e6) .. '1]')",
        "return cmsgpack.unpack('\\221\\255\\255\\255\\255' .. ('\\144'):rep(4e6))",
        "return struct.pack('c2147483647', 'x')",
    ];
    for script in scripts {
        let (_, message) = run(script, Some(1 << 24)).expect_err(script);
        assert!(
            message.contains("not enough memory") || message.contains("string too short"),
            "{script}: {message}"
        );
    }
    // Without a cap there still is a longest string.
    let (_, message) = run("return string.rep('x', 2^20):rep(2^12)", None).expect_err("too long");
    assert!(message.contains("not enough memory"), "{message}");
}

#[test]
fn read_only_tables_refuse_the_table_library() {
    let mut vm = vm();
    let table = vm.runtime.heap.new_table(0, 0);
    for index in 1..=3 {
        vm.runtime
            .heap
            .raw_set_integer(table, index, Value::Number(4.0 - index as f64));
    }
    vm.runtime.heap.set_readonly(table, true);
    for call in [
        "table.insert(t, 1)",
        "table.insert(t, 1, 1)",
        "table.remove(t)",
        "table.sort(t)",
    ] {
        let script = format!(
            "local t = ... local ok, message = pcall(function() {call} end) return message"
        );
        let function = load(&mut vm, &script);
        assert!(matches!(
            vm.call(function, &[Value::Table(table)], u64::MAX),
            Outcome::Finished
        ));
        assert_eq!(
            text(&vm, vm.results()[0]),
            "Attempt to modify a readonly table",
            "{call}"
        );
    }
}

#[test]
fn objects_of_one_shape_iterate_like_those_filled_one_by_one() {
    let script = "
        local function order(t) local r = {} for k, v in pairs(t) do r[#r + 1] = tostring(k) .. tostring(v) end return table.concat(r, ' ') end
        local function filled(keys) local t = {} for i, k in ipairs(keys) do t[k] = i end return t end
        local sets = {{'a'}, {'b', 'a'}, {'id', 'name', 'tags', 'score', 'ok', 'note'}, {'k', 'k2', 'k', 'k3'}, {'x', 'y', 'z', 'x1', 'y1', 'z1', 'x2', 'y2', 'z2'}}
        for _, keys in ipairs(sets) do
            local members = {}
            for i, k in ipairs(keys) do members[i] = '\"' .. k .. '\":' .. i end
            local object = '{' .. table.concat(members, ',') .. '}'
            local all = cjson.decode('[' .. (object .. ','):rep(5) .. object .. ']')
            for i = 1, 6 do assert(order(all[i]) == order(filled(keys)), order(all[i])) end
            all[6].extra = 1
            local one = filled(keys) one.extra = 1
            assert(order(all[6]) == order(one))
            assert(order(all[5]) == order(filled(keys)))
            local packed = {}
            for i = 1, 6 do packed[i] = cmsgpack.pack(all[5]) end
            local maps = {cmsgpack.unpack(table.concat(packed))}
            local keys5 = {} for k in pairs(all[5]) do keys5[#keys5 + 1] = k end
            local again = {} for _, k in ipairs(keys5) do again[k] = all[5][k] end
            for i = 1, 6 do assert(order(maps[i]) == order(again)) end
        end
        return 'same'";
    assert_eq!(run(script, None), Ok("same".to_owned()));
}

/// Calls a library function with these bytes; it returns or fails with a Lua error.
fn call_with(vm: &mut Vm, script: &str, arguments: &[&[u8]]) {
    let function = load(vm, script);
    let arguments: Vec<Value> = arguments
        .iter()
        .map(|bytes| vm.runtime.heap.new_string(bytes).into())
        .collect();
    match vm.call(function, &arguments, 10_000_000) {
        Outcome::Finished | Outcome::Suspended => {}
        Outcome::Failed(error) => assert_eq!(error.kind, ErrorKind::Error),
    }
}

fn bytes(alphabet: &'static [u8], length: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => proptest::sample::select(alphabet.to_vec()), 1 => any::<u8>()];
    proptest::collection::vec(byte, 0..length)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn cjson_takes_any_input(input in bytes(b"{}[],:\"\\u0de8 truefalsn-+.xi19", 60)) {
        call_with(&mut vm(), "local ok, v = pcall(cjson.decode, ...) if ok then cjson.encode({v}) end", &[&input]);
    }

    #[test]
    fn cmsgpack_takes_any_input(input in bytes(b"\x80\x81\x82\x90\x91\x92\xa0\xa1\xc0\xc3\xca\xcb\xcc\xd3\xd9\xda\xdc\xdd\xde\xdf\x00\x01\x02", 60)) {
        call_with(&mut vm(), "local ok, v = pcall(cmsgpack.unpack, ...) if ok then cmsgpack.pack(v) end pcall(cmsgpack.unpack_one, ..., 1) pcall(cmsgpack.unpack_limit, ..., 2, 1)", &[&input]);
    }

    #[test]
    fn struct_takes_any_layout(layout in bytes(b"><!bBhHlLTiIfdscx0123456789 ", 16), data in bytes(b"\x00\x01\x02\xff", 40)) {
        call_with(&mut vm(), "local l, d = ... pcall(struct.size, l) pcall(struct.unpack, l, d) pcall(struct.pack, l, 1, 2, d, 3, d, 4, 5)", &[&layout, &data]);
    }

    #[test]
    fn patterns_and_formats_take_any_input(pattern in bytes(b"%[]()^$.*+-?ab1fbwsd ", 16), subject in bytes(b"ab(1)[x] ", 30)) {
        call_with(&mut vm(), "local p, s = ... pcall(string.find, s, p) pcall(string.match, s, p, 2) pcall(string.gsub, s, p, p) pcall(string.gsub, s, p, '%1') pcall(function() for a, b in s:gmatch(p) do end end) pcall(string.format, p, 1, 2.5, s, 3)", &[&pattern, &subject]);
    }

    #[test]
    fn values_survive_both_formats(numbers in proptest::collection::vec(-1_000_000_i64..1_000_000, 0..20), word in "[a-z]{0,50}") {
        let mut vm = vm();
        let list = numbers.iter().map(|number| format!("{}", *number as f64 / 64.0)).collect::<Vec<_>>().join(",");
        let script = format!("local t = {{list = {{{list}}}, word = '{word}', on = true}}
            local function same(a, b) if type(a) ~= 'table' then return a == b end for k, v in pairs(a) do if not same(v, b[k]) then return false end end return true end
            local json, packed = cjson.decode(cjson.encode(t)), cmsgpack.unpack(cmsgpack.pack(t))
            return tostring(same(t, json) and same(json, t) and same(t, packed) and same(packed, t))");
        let function = load(&mut vm, &script);
        prop_assert!(matches!(vm.call(function, &[], u64::MAX), Outcome::Finished));
        prop_assert_eq!(text(&vm, vm.results()[0]), "true");
    }
}
