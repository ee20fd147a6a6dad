-- Reading and writing a global, per turn.
local ops = 5000000
counter = 0
local started = os.clock()
for i = 1, ops do counter = counter + 1 end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
