-- needs: inspect
local inspect = require 'inspect'
print(inspect(1), inspect('a'), inspect('a"b'), inspect("a'b\n\t\1\127"), inspect(true), inspect(nil), inspect({}))
print(inspect({1, 2, 3})) print(inspect({a = 1, b = 2, ['c d'] = 3, [10] = 4, [1.5] = 5, [true] = 6})) print(inspect({1, {2, {3, {4}}}}, {depth = 2}))
print(inspect(setmetatable({1}, {__index = {x = 1}, __tostring = function() return 'T' end})))
local t = {1} t.self = t t.list = {t, t} print(inspect(t))
print((inspect({print, function() end, coroutine.create(function() end)}))) print(inspect({a = {b = {c = {}}}}, {newline = '@', indent = '>>'}))
print(inspect({1, 2, {secret = 'x', open = 'y'}}, {process = function(item, path) if path[#path] ~= 'secret' then return item end end}))
print(inspect({[{}] = {}, [{1}] = 'k'}, {depth = 0}), inspect({true, false, n = {}, [-1] = 0, [2^53] = 1, [1/0] = 2}))
