local s = ('x'):rep(1e7)
local keep = {}
while true do keep[#keep + 1] = ('%s%s%s%s%q'):format(s, s, s, s, s) end
