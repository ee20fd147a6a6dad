-- needs: luacheck argparse dkjson inspect basexx binaryheap
-- A parser and linter of Lua, written in Lua, on sources of the other packages.
local luacheck = require 'luacheck'
local names = {} for name in pairs(sources) do if not name:find('luacheck') then names[#names + 1] = name end end table.sort(names)
names[#names + 1] = 'luacheck.lexer' names[#names + 1] = 'luacheck.parser'
for _, name in ipairs(names) do
  local report = luacheck.check_strings({sources[name]}, {std = 'max'})
  print(name, report.warnings, report.errors, report.fatals)
  for i, w in ipairs(report[1]) do if i < 25 then print(w.code, w.line, w.column, w.name, luacheck.get_message(w)) end end
end
for _, source in ipairs{'x =', 'local x = 1', 'function f(a) return b end', 'for i = 1, 2 do local j = i end', 'if x then elseif', 'return {1, 2, a = }', '"unfinished', 'goto done ::done::', 'local a <const> = 1', 'x = 1 == = 2'} do
  local report = luacheck.check_strings({source})
  for _, w in ipairs(report[1]) do print(source, w.code, w.line, w.column, luacheck.get_message(w)) end
end
