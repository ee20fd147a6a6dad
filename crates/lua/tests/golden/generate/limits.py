"""Limits of the compiler and of the libraries, one step below, at and one step above."""


def around(*values):
    return [value + step for value in values for step in (-1, 0, 1)]


def lua(code):
    return f"local src = {code}\nlocal f, e = loadstring(src, '=c')\nprint(f and 'compiled', e)\nif f then print(pcall(f)) end"


def cases():
    # Syntax levels and C calls share a counter with the calls around the compiler, so what is just
    # below the limit of 200 depends on the host: the cases stay a little away from it.
    for n in around(200):
        yield "limits", f"{n} local variables", lua(
            f"('local a; '):rep({n})")
        yield "limits", f"{n} local variables in one statement", lua(
            f"'local ' .. ('a, '):rep({n - 1}) .. 'b = 1; return b'")
        yield "limits", f"{n} parameters", lua(
            f"'return (function(' .. ('a, '):rep({n - 1}) .. 'b) return select(\"#\", b) end)(1)'")
    for n in around(32767):
        yield "limits", f"{n} local variables in blocks of their own", lua(f"('do local a end '):rep({n})")
        yield "limits", f"{n - 4} local variables in blocks of their own and a loop's four", lua(
            f"('do local a end '):rep({n - 4}) .. 'for i = 1, 2 do end'")
        yield "limits", f"{n - 3} local variables in blocks of their own, two parameters and `arg`", lua(
            f"'return (function(a, b, ...) ' .. ('do local a end '):rep({n - 3}) .. ' return b end)(1, 2)'")
        yield "limits", f"{n} local variables in blocks of their own and a function with others", lua(
            f"('do local a end '):rep({n}) .. 'return (function() local a = 1 return a end)()'")
    for n in (60, 90, 180, 210, 1000, 100000):
        yield "limits", f"nested blocks {n} deep", lua(f"('do '):rep({n}) .. ('end '):rep({n}) .. ' return 1'")
        yield "limits", f"nested parentheses {n} deep", lua(f"'return ' .. ('('):rep({n}) .. '7' .. (')'):rep({n})")
        yield "limits", f"nested tables {n} deep", lua(f"'return #' .. ('{{'):rep({n}) .. ('}}'):rep({n})")
        yield "limits", f"nested functions {n} deep", lua(
            f"('return function() '):rep({n}) .. ('end '):rep({n})")
        yield "limits", f"a chain of {n} unary operators", lua(f"'return ' .. ('- '):rep({n}) .. '7'")
        yield "limits", f"a chain of {n} powers", lua(f"'return 1' .. (' ^ 1'):rep({n})")
        yield "limits", f"a chain of {n} concatenations", lua(f"'return #(1' .. (' .. 1'):rep({n}) .. ')'")
        yield "limits", f"a chain of {n} additions", lua(f"'return 1' .. (' + 1'):rep({n})")
        yield "limits", f"nested calls {n} deep", lua(
            f"'local f = tostring return ' .. ('f('):rep({n}) .. '7' .. (')'):rep({n})")
        yield "limits", f"nested index brackets {n} deep", lua(
            f"'local t = {{1}} return ' .. ('t['):rep({n}) .. '1' .. (']'):rep({n})")
        yield "limits", f"if elseif with {n} branches", lua(
            f"'local x = 5 if x == 0 then return 0 ' .. ('elseif x == 4 then return 1 '):rep({n}) .. 'else return 9 end'")
        yield "limits", f"nested whiles {n} deep", lua(
            f"('while true do '):rep({n}) .. 'return 1 ' .. ('end '):rep({n})")
        yield "limits", f"assignment to {n} variables", lua(
            f"('a, '):rep({n - 1}) .. 'b = 1; return b'")
    for n in around(60):
        yield "limits", f"{n} upvalues", lua(f"""(function()
  local parts = {{}}
  for i = 1, {n} do parts[#parts + 1] = 'local a' .. i .. ' = ' .. i .. ' ' end
  parts[#parts + 1] = 'return (function() return 0'
  for i = 1, {n} do parts[#parts + 1] = ' + a' .. i end
  parts[#parts + 1] = ' end)()'
  return table.concat(parts)
end)()""")
    for n in around(247, 250, 255):
        yield "limits", f"a call with {n} arguments", lua(
            f"'return select(\"#\", ' .. ('1, '):rep({n - 1}) .. '1)'")
        yield "limits", f"a return of {n} values", lua(
            f"'return select(\"#\", (function() return ' .. ('1, '):rep({n - 1}) .. '1 end)())'")
        yield "limits", f"{n} chained right concatenations of locals", lua(
            f"'local a = 1 return #(a' .. (' .. a'):rep({n}) .. ')'")
    for n in (49, 50, 51, 52, 100, 511, 512, 513, 26000):
        yield "limits", f"a table constructor of {n} items", lua(
            f"'local t = {{' .. ('1, '):rep({n}) .. '}} return #t'")
        yield "limits", f"a table constructor of {n} items and a call", lua(
            f"'local t = {{' .. ('1, '):rep({n}) .. 'unpack{{7, 8, 9}}}} return #t, t[#t]'")
    for n in (254, 255, 256, 257, 300, 70000):
        yield "limits", f"{n} numeric constants", lua(f"""(function()
  local parts = {{'local s = 0 '}}
  for i = 1, {n} do parts[#parts + 1] = 's = s + ' .. i .. '.5 ' end
  return table.concat(parts) .. ' return s'
end)()""")
        yield "limits", f"{n} string constants as fields", lua(f"""(function()
  local parts = {{'local t = {{}} '}}
  for i = 1, {n} do parts[#parts + 1] = 't.k' .. i .. ' = ' .. i .. ' ' end
  return table.concat(parts) .. ' return t.k1, t.k{n}, t.k{n - 1}'
end)()""")
    for n in (10000, 131070, 131071, 131072, 140000):
        yield "limits", f"a jump over {n} instructions", lua(
            f"'local a = 1 while a do a = nil ' .. ('a = a '):rep({n}) .. ' end return 1'")
    for n in (7000, 7900, 8000, 8001, 10000, 1000000, 1e8, 2147483647, 2147483648, 4294967296, 1e15):
        n = int(n)
        yield "limits", f"unpack to {n}", f"print(pcall(function() return select('#', unpack({{}}, 1, {n})) end))"
    for first, last in [(-1, 1), (2**31 - 3, 2**31 - 1), (5, 1), (1, -1), (0, 0), (-2**31, -2**31 + 2)]:
        yield "limits", f"unpack from {first} to {last}", f"print(pcall(function() return select('#', unpack({{}}, {first}, {last})) end))"
    for n in (1, 7, 100, 250, 7900, 8001, 20000):
        yield "limits", f"string.byte of {n} characters", f"print(pcall(function() return select('#', ('x'):rep({n}):byte(1, -1)) end))"
        yield "limits", f"string.char of {n} characters", f"local t = {{}} for i = 1, {n} do t[i] = 65 end\nprint(pcall(function() return #string.char(unpack(t)) end))"
        yield "limits", f"select past {n} arguments", f"local t = {{}} for i = 1, {n} do t[i] = i end\nprint(pcall(function() return select('#', select(2, unpack(t))), (select({n}, unpack(t))), (select(-1, unpack(t))) end))"
        yield "limits", f"varargs of {n}", f"local t = {{}} for i = 1, {n} do t[i] = i end\nlocal function f(...) local a, b = ... return select('#', ...), a, b, #{{...}} end\nprint(pcall(function() return f(unpack(t)) end))"
        yield "limits", f"coroutine passing {n} values", f"local t = {{}} for i = 1, {n} do t[i] = i end\nprint(pcall(function() return select('#', coroutine.wrap(function(...) return ... end)(unpack(t))) end))"
    for n in (31, 32, 33, 40):
        yield "limits", f"{n} captures", f"print(pcall(function() return select('#', string.find(('x'):rep(50), ('(x)'):rep({n}))) end))"
        yield "limits", f"{n} position captures", f"print(pcall(function() return select('#', string.match(('x'):rep(50), ('()'):rep({n}))) end))"
        yield "limits", f"{n} captures in gsub", f"print(pcall(function() return string.gsub(('x'):rep(50), ('(x)'):rep({n}), '%1%9') end))"
        yield "limits", f"{n} open captures", f"print(pcall(function() return string.find(('x'):rep(50), ('('):rep({n}) .. (')'):rep({n})) end))"
    for n in (50, 90, 98, 99, 100, 101, 102, 150, 180, 210, 1000):
        yield "limits", f"pattern nesting through {n} captures-free items", f"print(pcall(function() return #string.match(('x'):rep(1200), ('x?'):rep({n})) end))"
        yield "limits", f"{n} metamethod calls nested in __index", f"""local t = setmetatable({{}}, {{__index = function(_, k) return 'end' .. k end}})
for i = 1, {n} do t = setmetatable({{}}, {{__index = t}}) end
print(pcall(function() return t.x end))"""
        yield "limits", f"{n} tables chained by __newindex", f"""local base = {{}}
local t = base
for i = 1, {n} do t = setmetatable({{}}, {{__newindex = t}}) end
print(pcall(function() t.x = 1 end))
print(base.x)"""
        yield "limits", f"gsub callbacks nested {n} deep", f"""local function nest(d) if d == 0 then return 'z' end return (string.gsub('a', 'a', function() return nest(d - 1) end)) end
print(pcall(nest, {n}))"""
        yield "limits", f"pcalls nested {n} deep", f"""local function nest(d) if d == 0 then return 'z' end return select(2, pcall(nest, d - 1)) end
print(pcall(nest, {n}))"""
        yield "limits", f"coroutines nested {n} deep", f"""local function nest(d) if d == 0 then return 'z' end return coroutine.wrap(nest)(d - 1) end
local ok, e = pcall(nest, {n})
print(ok, #e < 400 and e or (e:gsub('snippet:1: ', '')))"""
        yield "limits", f"__tostring nested {n} deep", f"""local function nest(d) if d == 0 then return 'z' end return tostring(setmetatable({{}}, {{__tostring = function() return nest(d - 1) end}})) end
print(pcall(nest, {n}))"""
        yield "limits", f"sort comparators nested {n} deep", f"""local function nest(d) if d == 0 then return 'z' end local r table.sort({{1, 2}}, function(a, b) r = r or nest(d - 1) return a < b end) return r end
print(pcall(nest, {n}))"""
