-- table.concat of 100 short strings, per string.
local ops = 4000000
local t = {} for i = 1, 100 do t[i] = 'item' .. i end
local s
local started = os.clock()
for i = 1, ops / 100 do s = table.concat(t, ',') end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
