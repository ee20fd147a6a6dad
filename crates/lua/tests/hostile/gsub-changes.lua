local s = ('x'):rep(1000)
local t = setmetatable({}, {__index = function(t, k) for i = 1, 100 do t[i .. k] = i end return nil end})
for i = 1, 1000 do s:gsub('.', t) end
