-- Reading and writing fields by strings held in a list, per access.
local ops = 3000000
local keys, t = {}, {} for i = 1, 100 do keys[i] = 'key' .. i end
local started = os.clock()
for i = 1, ops / 100 do for j = 1, 100 do local k = keys[j] t[k] = (t[k] or 0) + 1 end end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
