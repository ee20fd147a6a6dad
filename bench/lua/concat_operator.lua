-- A string and a number joined by .., per joining.
local ops = 1000000
local s
local started = os.clock()
for i = 1, ops do s = 'key:' .. i .. ':x' end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
