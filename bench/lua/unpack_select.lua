-- unpack of five values into a call, per call.
local ops = 2000000
local t, s = {1, 2, 3, 4, 5}, 0
local function f(a, b, c, d, e) return a + e end
local started = os.clock()
for i = 1, ops do s = s + f(unpack(t)) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
