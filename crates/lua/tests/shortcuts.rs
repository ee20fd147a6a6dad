//! Shortcuts of native functions give what the functions themselves give, or decline.

#![forbid(unsafe_code)]

use lua::{Outcome, Vm, library};
use std::sync::Arc;

/// Calls every function with one, two and three of many values, directly (by its shortcut, where it has one that applies) and through
/// `pcall` (which calls the function itself), and compares the first results.
const SCRIPT: &str = r#"
local shared = setmetatable({}, {})
local long = ('0123456789'):rep(10)
local values = {0, -0.0, 1, 2, 3, -1, -2, 2.5, 40, 41, 300, 1e10, 2^31, 2^53, -2^63, 1/0, -1/0, 0/0, '', 'a', 'abc', '10', '0x1f', ' 7 ', 'x%d',
    'b', '%', 'a\0b', long, true, false, print or type, shared, {1, 2, 3}, {n = 1}}
local same = function(a, b) return a == b or (a ~= a and b ~= b) end
local tested = 0
local function compare(name, f, ...)
    local direct
    local function call(...) local r = f(...) return r end
    local ok, message = pcall(call, ...)
    direct = message
    local general_ok, general = pcall(f, ...)
    tested = tested + 1
    if not ok then
        if general_ok then error(name .. ' fails directly: ' .. tostring(message)) end
    elseif not general_ok then
        error(name .. ' fails through pcall: ' .. tostring(general))
    elseif not same(direct, general) and type(direct) ~= 'table' then
        error(name .. ' gives ' .. tostring(direct) .. ' and ' .. tostring(general))
    elseif direct == 0 and 1 / direct ~= 1 / general then
        error(name .. ' gives zeros of different signs')
    end
end
local functions = {}
for _, library in ipairs{'string', 'math', 'bit'} do
    for name, f in pairs(_G[library]) do
        if type(f) == 'function' and name ~= 'random' and name ~= 'randomseed' and name ~= 'gmatch' and name ~= 'gfind'
            and name ~= 'rep' then
            functions[library .. '.' .. name] = f
        end
    end
end
for _, name in ipairs{'assert', 'rawequal', 'rawget', 'select', 'tonumber', 'tostring', 'type', 'getmetatable'} do
    functions[name] = _G[name]
end
functions['table.getn'] = table.getn
for name, f in pairs(functions) do
    compare(name, f)
    for i = 1, #values do
        compare(name, f, values[i])
        for j = 1, #values do
            compare(name, f, values[i], values[j])
            for k = 1, #values, 3 do compare(name, f, values[i], values[j], values[k]) end
        end
    end
end
for _, text in ipairs{'', 'a', 'abcdefghij', long} do
    for _, times in ipairs{-1, 0, 1, 2.9, 4, 5, 41, '3'} do compare('string.rep', string.rep, text, times) end
end
-- Tables that are changed are compared element by element.
local function list(t) local s = {} for i = 1, 12 do s[i] = tostring(t[i]) end return table.concat(s, ',') .. #t end
for size = 0, 9 do
    local one, two = {}, {}
    for i = 1, size do
        local _ = table.insert(one, i)
        pcall(table.insert, two, i)
        assert(list(one) == list(two))
    end
    for i = 1, size + 1 do
        local a = table.remove(one)
        local _, b = pcall(table.remove, two)
        assert(a == b and list(one) == list(two))
    end
end
local metatable = {__index = function() return 7 end}
local object = setmetatable({}, metatable)
assert(object.x == 7 and getmetatable(object) == metatable)
local guarded = setmetatable({}, {__metatable = 'no'})
assert(not pcall(function() local x = setmetatable(guarded, {}) end))
assert(select('#', (function() return table.insert({}, 1) end)()) == 0)
assert(select('#', (function() return ('x'):byte(9) end)()) == 0)
return tested
"#;

/// The same for functions that give several values, all of which are compared, and for loops over what `gmatch`, `pairs` and `ipairs` give.
const SEVERAL: &str = r#"
local function show(...)
    local out = {select('#', ...)}
    for i = 1, select('#', ...) do out[i + 1] = tostring((select(i, ...))) end
    return table.concat(out, ' ')
end
local tested = 0
local function compare(name, f, ...)
    local function call(...) return show(f(...)) end
    local function tail(...) return f(...) end
    local function three(...) local a, b, c = f(...) return show(a, b, c) end
    local function padded(ok, a, b, c) return show(a, b, c) end
    local direct = pcall(call, ...) and call(...) or 'error'
    local general = pcall(f, ...) and show(select(2, pcall(f, ...))) or 'error'
    tested = tested + 1
    if direct ~= general then error(name .. ' gives ' .. direct .. ' and ' .. general) end
    if general ~= 'error' then
        assert(three(...) == padded(pcall(f, ...)), name)
        assert(show(tail(...)) == general, name)
    end
end
local subjects = {'', 'a', 'key=value, other = thing', '2024-06-15T10:20:30', 'THE (quick) fox', ('ab1'):rep(9), 12.5, 'a\0b'}
local patterns = {'', 'a', '%a+', '%d+', '(%d+)-(%d+)-(%d+)', '(%w+)%s*=%s*(%w+)', '()', '()%a()', '%b()', '%f[%a]%a+', '.-', '^%a', '^', '$', 'x*y',
    '(a', 'a)', '[', '%', '(()', '%1', '(.)%1', 'y1', '=', ('(.)'):rep(20), ('(.)'):rep(33)}
for _, subject in ipairs(subjects) do
    for _, pattern in ipairs(patterns) do
        for _, f in ipairs{'find', 'match'} do
            -- The second time the pattern is known.
            for _ = 1, 2 do
                compare(f, string[f], subject, pattern)
                for _, from in ipairs{-3, 0, 1, 2, 40, '2'} do compare(f, string[f], subject, pattern, from) end
                compare(f, string[f], subject, pattern, nil)
            end
        end
        compare('find', string.find, subject, pattern, 1, true)
        compare('find', string.find, subject, pattern, 2, false)
        local looped, stepped = {}, {}
        local ok = pcall(function() for a, b, c in string.gmatch(subject, pattern) do looped[#looped + 1] = show(a, b, c) end end)
        local same = pcall(function()
            local next_match = string.gmatch(subject, pattern)
            while true do
                local _, a, b, c = assert(pcall(next_match))
                if a == nil then break end
                stepped[#stepped + 1] = show(a, b, c)
            end
        end)
        assert(ok == same and table.concat(looped, ';') == table.concat(stepped, ';'), pattern)
    end
end
local long = ('x'):rep(5000) .. 'y1'
for _, pattern in ipairs{'y1', '%d+', 'x-y', '=', '[^x]', '()1'} do
    compare('find', string.find, long, pattern)
    compare('match', string.match, long, pattern, 4000)
end
for size = 0, 60 do
    local list = {}
    for i = 1, size do list[i] = i end
    compare('unpack', unpack, list)
    compare('unpack', unpack, list, 2)
    list[size + 2] = 'behind'
    compare('unpack', unpack, list)
    compare('select', select, '#', unpack(list))
    compare('select', select, 2, unpack(list))
    compare('select', select, -1, unpack(list))
end
compare('unpack', unpack)
compare('unpack', unpack, 'text')
compare('pairs', pairs, {1})
compare('ipairs', ipairs, {1})
for _, value in ipairs{1, 'text', true} do compare('pairs', pairs, value) compare('ipairs', ipairs, value) end
return tested
"#;

#[test]
fn shortcuts_agree_with_the_functions() {
    run(SCRIPT);
}

#[test]
fn shortcuts_give_all_that_the_functions_give() {
    run(SEVERAL);
}

fn run(script: &str) {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let proto = lua::compiler::compile(script.as_bytes(), b"@script").expect("the script compiles");
    let function = vm.load(&Arc::new(proto));
    match vm.call(function, &[], u64::MAX) {
        Outcome::Finished => {}
        Outcome::Suspended => panic!("nothing asked for that"),
        Outcome::Failed(error) => panic!("{error}"),
    }
}
