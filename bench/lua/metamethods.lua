-- Additions through __add that make a table, per addition.
local ops = 700000
local mt = {} mt.__add = function(a, b) return setmetatable({v = a.v + b.v}, mt) end
local x, one = setmetatable({v = 0}, mt), setmetatable({v = 1}, mt)
local started = os.clock()
for i = 1, ops do x = x + one end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
