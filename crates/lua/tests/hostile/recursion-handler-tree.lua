-- Handlers that call what failed, at the depth limit.
local function f(e) return xpcall(f, function(e) xpcall(f, f) error(e) end) end
while true do f() xpcall(f, f) end
