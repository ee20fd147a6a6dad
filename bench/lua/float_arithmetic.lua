-- Floating point operations in locals, per turn.
local ops = 5000000
local x, y = 0.5, 1.25
local started = os.clock()
for i = 1, ops do x = x * 0.999 + y / (1.5 + x) y = y - x * 0.001 end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
