-- A loop whose every turn is a long way.
local t = {}
for i = 1, 100000 do t[i] = i end
for i = 1, 100000 do t[i] = nil end
while true do for _ in pairs(t) do end for _ in next, t do end table.foreach(t, print) table.maxn(t) end
