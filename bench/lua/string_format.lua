-- string.format('%s:%d:%.2f'), per call.
local ops = 500000
local format, s = string.format
local started = os.clock()
for i = 1, ops do s = format('%s:%d:%.2f', 'name', i, i / 3) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
