-- A counter in an upvalue, per call.
local ops = 5000000
local function counter() local n = 0 return function() n = n + 1 return n end end
local next_number = counter()
local started = os.clock()
for i = 1, ops do next_number() end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
