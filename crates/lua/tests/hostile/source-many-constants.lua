local t = {}
for i = 1, 300000 do t[i] = 'x = ' .. i .. '.25' end
return loadstring(table.concat(t, ' '))
