for i = 1, 50 do coroutine.wrap(function() local function f() return 1 + f() end pcall(f) end)() end
