-- Arrays of three items, per array.
local ops = 1500000
local s = 0
local started = os.clock()
for i = 1, ops do local t = {i, 2, 3} s = s + #t end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
