-- Reads through an __index function, per read.
local ops = 2000000
local t, s = setmetatable({}, {__index = function(_, k) return k end}), 0
local started = os.clock()
for i = 1, ops do s = s + t[i] end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
