for i = 0, 255 do pcall(loadstring, '\27Lua' .. string.char(i):rep(100)) pcall(loadstring, '\27' .. string.char(i)) end
local f = loadstring('\27LuaQ\0\1\4\8\4\8\0' .. ('\255'):rep(1000))
if f then f() end
