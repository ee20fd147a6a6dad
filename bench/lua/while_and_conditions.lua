-- A while loop with comparisons and branches, per turn.
local ops = 5000000
local n, s = 0, 0
local started = os.clock()
while n < ops do n = n + 1 if n % 3 == 0 then s = s + 1 elseif n % 5 == 0 then s = s + 2 else s = s - 1 end end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
