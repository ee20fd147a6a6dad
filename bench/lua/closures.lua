-- A closure made and called, per turn.
local ops = 2000000
local s = 0
local started = os.clock()
for i = 1, ops do local f = function() return i end s = s + f() end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
