-- Filling and summing an array, per item.
local ops = 200000
local n = 200000
local started = os.clock()
local t, s = {}, 0 for i = 1, n do t[i] = i end for i = 1, n do s = s + t[i] end for i, v in ipairs(t) do s = s + v end
ops = n
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
