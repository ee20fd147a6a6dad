-- table.sort of 1000 numbers, per item.
local ops = 600000
local function list() local t, x = {}, 42 for i = 1, 1000 do x = (x * 16807) % 2147483647 t[i] = x end return t end
local lists = {} for i = 1, 600 do lists[i] = list() end
local started = os.clock()
for i = 1, 600 do table.sort(lists[i]) end ops = 600000
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
