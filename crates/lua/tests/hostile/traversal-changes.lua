local t = {}
for i = 1, 1000 do t['k' .. i] = i end
pcall(function() for k, v in pairs(t) do t[k] = nil t['new' .. k] = v end end)
pcall(function() for k in pairs(t) do t[k .. 'x'] = 1 end end)
for i = 1, 100 do pcall(next, t, 'absent' .. i) pcall(next, t, {}) pcall(next, t, 0/0) end
