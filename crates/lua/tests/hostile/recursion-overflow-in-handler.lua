-- The room that is kept for error handlers is used up, again and again.
local function f() return f() + 1 end
local function h() return f() end
while true do xpcall(f, h) xpcall(f, function() return (pcall(f)) end) xpcall(f, error) end
