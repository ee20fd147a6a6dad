-- table.insert and table.remove at the end, per pair.
local ops = 700000
local insert, remove, t = table.insert, table.remove, {}
local started = os.clock()
for i = 1, ops do insert(t, i) insert(t, i) remove(t) remove(t) end ops = ops * 2
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
