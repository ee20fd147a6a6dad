-- match with three captures, per call.
local ops = 400000
local a, b, c
local started = os.clock()
for i = 1, ops do a, b, c = ('2024-06-15T10:20:30'):match('(%d+)-(%d+)-(%d+)') end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
