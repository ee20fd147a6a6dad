-- gmatch over 46 bytes with 8 hits, per hit.
local ops = 900000
local text, n = 'the quick brown fox jumps over the lazy dog now', 0
local started = os.clock()
for i = 1, ops / 9 do for w in text:gmatch('%a+') do n = n + 1 end end ops = n
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
