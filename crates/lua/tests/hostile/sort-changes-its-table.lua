local t = {}
for i = 1, 1000 do t[i] = 1000 - i end
local n = 0
pcall(table.sort, t, function(a, b) n = n + 1 if n % 10 == 0 then t[n % 1000] = nil for k in pairs(t) do t[k] = nil break end end return (a or 0) < (b or 0) end)
