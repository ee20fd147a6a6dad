-- Inserting into and removing from the front of a list of 100, per pair.
local ops = 200000
local t = {} for i = 1, 100 do t[i] = i end
local started = os.clock()
for i = 1, ops do table.insert(t, 1, i) table.remove(t, 1) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
