local t = {}
for i = 1, 300000 do t[i] = 'x = "' .. i .. '"' end
return loadstring(table.concat(t, ' '))
