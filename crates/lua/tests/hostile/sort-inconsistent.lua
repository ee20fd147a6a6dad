for n = 1, 300 do local t = {}
 for i = 1, n do t[i] = i end
 pcall(table.sort, t, function() return true end)
 pcall(table.sort, t, function(a, b) return a ~= b end)
 local flip = false
 pcall(table.sort, t, function() flip = not flip return flip end) end
