-- Calls of a local function with three arguments and two results, per call.
local ops = 4000000
local function f(a, b, c) return b, c end
local x, y = 1, 2
local started = os.clock()
for i = 1, ops do x, y = f(i, x, y) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
