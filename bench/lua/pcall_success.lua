-- pcall of a function that returns, per call.
local ops = 2000000
local function f(x) return x end
local started = os.clock()
for i = 1, ops do pcall(f, i) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
