-- Additions, multiplications and remainders of small integers, per turn.
local ops = 4000000
local a, b = 1, 2
local started = os.clock()
for i = 1, ops do a = (a + i * 3 - b) % 65536 b = (b + a) % 1021 end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
