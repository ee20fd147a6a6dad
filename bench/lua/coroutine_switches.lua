-- A yield and a resume, per pair.
local ops = 1500000
local f = coroutine.wrap(function() while true do coroutine.yield(1) end end)
local started = os.clock()
for i = 1, ops do f() end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
