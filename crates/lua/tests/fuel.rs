//! Fuel is in proportion to work: each library function that can do more than a little is called with much and with sixteen times as
//! much, and has to burn at least eight times the fuel, and not less than its bytes or values are worth.

#![forbid(unsafe_code)]

use lua::value::Value;
use lua::{Outcome, Vm, library};
use std::sync::Arc;

/// A script prepares with `n`, and returns the function that is measured.
const PREPARATION: &str = "
-- What collections burn is not to be measured.
collectgarbage('stop')
local n = ...
local function f() end
local text = ('abc '):rep(n / 4)
local zeros = ('\\0'):rep(n)
local array, map, emptied, holes, nested = {}, {}, {}, {}, {}
for i = 1, n do array[i] = i map['k' .. i] = i emptied['k' .. i] = i holes[i] = i end
for i = 1, n - 1 do emptied['k' .. i] = nil holes[i] = nil end
for i = 1, n do nested[i] = {} end
local json, packed = cjson.encode(array), cmsgpack.pack(array)
local few = math.min(n, 4096) / 16
";

/// For calls whose arguments are limited in number.
const BOUNDED: u64 = 4096;

/// What is measured, and at most how many values or bytes are worth a unit of fuel.
const CALLS: &[(&str, u64)] = &[
    // Texts.
    ("text:upper()", 64),
    ("text:lower()", 64),
    ("text:reverse()", 64),
    ("text:sub(2)", 64),
    ("text:rep(2)", 64),
    ("('x'):rep(n)", 64),
    ("text .. 'x'", 256),
    ("text:find('zzz', 1, true)", 64),
    ("text:find('c b', 1, true)", 64),
    ("text:find('zzz')", 64),
    ("text:find('%d')", 64),
    ("text:match('^(.*)$')", 64),
    ("text:match('[^d]*d')", 64),
    ("text:gsub('%a+', 'x')", 64),
    ("text:gsub('', '-')", 64),
    ("text:gsub('d', 'x')", 64),
    ("text:gsub('%a+', f)", 64),
    ("text:gsub('%a+', map)", 64),
    ("(function() for w in text:gmatch('%a+') do end end)()", 64),
    ("text:gmatch('d')()", 64),
    ("string.format('%s', text)", 64),
    ("string.format('%q', zeros)", 64),
    ("string.format(('%%'):rep(n))", 64),
    ("loadstring('return ' .. ('1+'):rep(n / 2) .. '1')", 64),
    ("loadstring('--' .. text)", 64),
    (
        "load((function() local left = n return function() left = left - 1 return left >= 0 and ' ' or nil end end)())",
        64,
    ),
    ("tonumber((' '):rep(n) .. '1')", 64),
    ("tonumber((' '):rep(n) .. '1', 16)", 64),
    // Tables.
    ("next(emptied)", 64),
    ("(function() for k in pairs(emptied) do end end)()", 64),
    ("(function() for k in pairs(map) do end end)()", 4),
    ("(function() for k in next, holes do end end)()", 64),
    (
        "(function() local k repeat k = next(map, k) until k == nil end)()",
        4,
    ),
    ("table.foreach(emptied, f)", 64),
    ("table.foreach(map, f)", 4),
    ("table.foreachi(array, f)", 4),
    ("table.maxn(array)", 64),
    ("table.maxn(emptied)", 64),
    ("table.concat(array)", 64),
    ("table.concat(array, ', ')", 64),
    ("table.insert(array, 1, 0)", 64),
    ("table.remove(array, 1)", 64),
    ("table.sort(array)", 64),
    ("table.sort(array, function(a, b) return a > b end)", 4),
    ("{unpack(array, 1, few)}", BOUNDED),
    ("select('#', unpack(array, 1, few))", BOUNDED),
    (
        "string.char(unpack(zeros:sub(1, few):gsub('%z', 'a') and {('a'):rep(few):byte(1, -1)}))",
        4096,
    ),
    ("math.max(unpack(array, 1, few))", BOUNDED),
    ("coroutine.wrap(f)(unpack(array, 1, few))", BOUNDED),
    // Redis's libraries.
    ("cjson.encode(array)", 64),
    ("cjson.encode(map)", 64),
    ("cjson.encode(emptied)", 64),
    ("cjson.encode(nested)", 64),
    ("cjson.encode(text)", 64),
    ("cjson.encode(zeros)", 64),
    ("cjson.decode(json)", 64),
    ("cjson.decode('[' .. (' '):rep(n) .. '1]')", 128),
    ("cjson.decode('\"' .. text .. '\"')", 128),
    ("pcall(cjson.decode, ('1'):rep(n))", 128),
    ("cmsgpack.pack(array)", 64),
    ("cmsgpack.pack(map)", 64),
    ("cmsgpack.pack(emptied)", 64),
    ("cmsgpack.pack(holes)", 64),
    ("cmsgpack.pack(nested)", 64),
    ("cmsgpack.pack(text)", 128),
    ("cmsgpack.unpack(packed)", 64),
    ("cmsgpack.unpack(cmsgpack.pack(text))", 128),
    ("struct.pack('s', text)", 128),
    ("struct.unpack('s', text .. '\\0')", 128),
    ("pcall(struct.unpack, 's', text)", 128),
    ("struct.size(('i4'):rep(n))", 64),
    ("struct.pack('c0', text)", 128),
    // Errors.
    ("pcall(error, text)", BOUNDED),
];

/// The fuel that each call burns.
fn fuel(n: u32) -> Vec<u64> {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let calls: Vec<String> = CALLS
        .iter()
        .map(|(call, _)| format!("function() local _ = {call} end"))
        .collect();
    let script = format!("{PREPARATION} return {{{}}}", calls.join(",\n"));
    let proto = lua::compiler::compile(script.as_bytes(), b"=fuel").expect("the script compiles");
    let function = vm.load(&Arc::new(proto));
    let plenty = 1 << 50;
    let outcome = vm.call(function, &[Value::Number(f64::from(n))], plenty);
    assert!(matches!(outcome, Outcome::Finished), "{outcome:?}");
    let Value::Table(functions) = vm.results()[0] else {
        panic!("the script returns the functions");
    };
    vm.pin(Value::Table(functions));
    let mut burnt = Vec::new();
    for (index, (call, _)) in CALLS.iter().enumerate() {
        let function = (vm.runtime.heap).raw_get_integer(functions, index as i64 + 1);
        let outcome = vm.call(function, &[], plenty);
        assert!(matches!(outcome, Outcome::Finished), "{call}: {outcome:?}");
        burnt.push(plenty - vm.runtime.meter.left());
        // What the call made is not needed any more.
        vm.collect_garbage();
    }
    burnt
}

#[test]
fn fuel_grows_with_the_work() {
    let (few, many) = (4096, 65_536);
    let mut wrong = Vec::new();
    for (((call, worth), little), much) in CALLS.iter().zip(fuel(few)).zip(fuel(many)) {
        // Some calls do not grow: the stack is not for more values.
        let is_bounded = *worth == BOUNDED;
        let least = u64::from(if is_bounded { few } else { many }) / worth;
        if much < least || (!is_bounded && much < little * 8) {
            wrong.push(format!("{call}: {little} and {much}"));
        }
    }
    assert!(wrong.is_empty(), "not in proportion:\n{}", wrong.join("\n"));
}
