-- A coroutine made and run to its end, per coroutine.
local ops = 300000
local function body(x) return x end
local started = os.clock()
for i = 1, ops do coroutine.wrap(body)(i) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
