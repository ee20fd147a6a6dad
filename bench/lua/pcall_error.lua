-- pcall of a function that raises a string, per call.
local ops = 500000
local function f() error('message') end
local started = os.clock()
for i = 1, ops do pcall(f) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
