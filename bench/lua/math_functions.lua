-- floor, max, min and abs, per turn.
local ops = 1000000
local floor, max, min, abs, s = math.floor, math.max, math.min, math.abs, 0
local started = os.clock()
for i = 1, ops do s = s + floor(i / 3) + max(i, 5) - min(i, 7) + abs(-i) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
