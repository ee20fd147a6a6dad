-- pcall of a function that raises a table, per call.
local ops = 700000
local e = {} local function f() error(e) end
local started = os.clock()
for i = 1, ops do pcall(f) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
