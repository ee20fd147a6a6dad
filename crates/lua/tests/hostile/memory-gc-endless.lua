local u = newproxy(true)
getmetatable(u).__gc = function() while true do end end
u = nil
collectgarbage() collectgarbage()
