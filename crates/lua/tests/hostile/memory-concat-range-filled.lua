local t = setmetatable({}, {__index = function() return 'x' end})
return table.concat(t, 'x', -2^31, 2^31 - 1)
