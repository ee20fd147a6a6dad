-- Sieve of Eratosthenes, per number.
local ops = 500000
local limit = 500000
local started = os.clock()
local flags = {} for i = 2, limit do flags[i] = true end
for i = 2, limit do if flags[i] then for j = i * i, limit, i do flags[j] = false end end end
ops = limit
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
