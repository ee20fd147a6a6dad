-- Tail calls, per call.
local ops = 3000000
local function count(n) if n == 0 then return 0 end return count(n - 1) end
local started = os.clock()
for i = 1, ops / 1000 do count(999) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
