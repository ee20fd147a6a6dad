for _, v in ipairs{{}, print, true, 1, newproxy()} do pcall(error, v) xpcall(function() error(v) end, function(m) error(m) end) coroutine.resume(coroutine.create(error), v) end
error(setmetatable({}, {__tostring = function() error('in tostring') end}))
