-- table.sort of 1000 numbers with a comparator, per item.
local ops = 40000
local function list() local t, x = {}, 42 for i = 1, 1000 do x = (x * 16807) % 2147483647 t[i] = x end return t end
local lists = {} for i = 1, 40 do lists[i] = list() end
local started = os.clock()
for i = 1, 40 do table.sort(lists[i], function(a, b) return a > b end) end ops = 40000
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
