local t t = setmetatable({}, {__add = function(a, b) return a + b end, __unm = function(a) return -a end})
pcall(function() return t + 1 end)
return -t
