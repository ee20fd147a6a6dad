-- Plain find in 1 KB, per call.
local ops = 500000
local text = ('x'):rep(1000) .. 'needle'
local n = 0
local started = os.clock()
for i = 1, ops do n = n + text:find('needle', 1, true) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
