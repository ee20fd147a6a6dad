-- gsub with a function, 8 hits, per call.
local ops = 100000
local text, s = 'the quick brown fox jumps over the lazy dog now'
local upper = string.upper
local started = os.clock()
for i = 1, ops do s = text:gsub('%w+', upper) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
