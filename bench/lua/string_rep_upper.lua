-- rep, upper, lower and reverse of 30 bytes, per turn.
local ops = 400000
local s
local started = os.clock()
for i = 1, ops do s = ('abc'):rep(10):upper():lower():reverse() end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
