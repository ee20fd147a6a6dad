while true do local u = newproxy(true) getmetatable(u).__gc = function(x) error('in gc') end end
