-- Tables of two fields, per table.
local ops = 1500000
local s = 0
local started = os.clock()
for i = 1, ops do local t = {a = i, b = 2} s = s + t.a + t.b end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
