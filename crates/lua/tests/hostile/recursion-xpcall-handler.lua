local function h(e) return xpcall(error, h) end
xpcall(error, h)
local function deep() xpcall(function() error('x') end, function() deep() end) end
deep()
