-- Traversing a hash of 1000 fields with pairs, per field.
local ops = 3000000
local t, s = {}, 0 for i = 1, 1000 do t['k' .. i] = i end
local started = os.clock()
for i = 1, ops / 1000 do for k, v in pairs(t) do s = s + v end end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
