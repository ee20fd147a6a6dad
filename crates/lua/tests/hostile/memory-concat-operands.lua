local s = ('x'):rep(1e6)
local t = {}
while true do t[#t + 1] = s .. #t .. s .. s .. s .. s end
