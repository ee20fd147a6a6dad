for i = 1, 3 do print(('x'):rep(100)) end
local t = setmetatable({}, {__tostring = function() return ('x'):rep(1e6) end})
for i = 1, 10 do tostring(t) end
