keep = {}
for i = 1, 1e6 do local u = newproxy(true) getmetatable(u).__gc = function(x) keep[#keep + 1] = x newproxy(x) end end
collectgarbage()
