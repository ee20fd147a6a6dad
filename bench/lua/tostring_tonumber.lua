-- A number to text and back, per round.
local ops = 600000
local s = 0
local started = os.clock()
for i = 1, ops do s = s + tonumber(tostring(i + 0.5)) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
