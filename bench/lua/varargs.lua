-- Calls that collect and spread varargs, per call.
local ops = 2000000
local function f(...) local a, b = ... return select('#', ...) + a + b end
local s = 0
local started = os.clock()
for i = 1, ops do s = s + f(i, 2, 3) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
