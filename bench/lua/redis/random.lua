-- math.random(100), per call.
local ops = 2000000
local random, s = math.random, 0
local started = os.clock()
for i = 1, ops do s = s + random(100) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
