-- An empty numeric loop, per turn.
local ops = 20000000
local started = os.clock()
for i = 1, ops do end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
