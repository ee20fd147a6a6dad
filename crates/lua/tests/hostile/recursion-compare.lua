local mt = {} mt.__lt = function(a, b) return a < b end mt.__eq = function(a, b) return a == b end
local a, b = setmetatable({}, mt), setmetatable({}, mt)
pcall(function() return a == b end)
return a < b
