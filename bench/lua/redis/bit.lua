-- Four operations of bit, per turn.
local ops = 1000000
local band, bxor, lshift, rshift, s = bit.band, bit.bxor, bit.lshift, bit.rshift, 0
local started = os.clock()
for i = 1, ops do s = bxor(band(s, 0xffff), lshift(i, 3)) + rshift(i, 2) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
