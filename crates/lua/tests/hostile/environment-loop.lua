local e = {}
setmetatable(e, {__index = function(_, k) return getfenv(2)[k] end})
setfenv(1, e)
return x
