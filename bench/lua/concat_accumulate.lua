-- A string that grows by appending, per append.
local ops = 12000
local started = os.clock()
local s = '' for i = 1, ops do s = s .. 'item' end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
