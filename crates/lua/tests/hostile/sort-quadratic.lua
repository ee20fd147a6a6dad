local n, t = 0, {}
for i = 1, 100000 do t[i] = 0 end
table.sort(t, function(a, b) n = n + 1 if a == b then return false end return a < b end)
