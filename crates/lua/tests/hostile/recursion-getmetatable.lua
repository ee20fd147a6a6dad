local t = {}
for i = 1, 1e6 do t = setmetatable({}, t) end
local m = t
while m do m = getmetatable(m) end
