local t = {}
for i = 1, 7000 do t[i] = 65 end
local keep = {}
while true do keep[#keep + 1] = string.char(unpack(t)) .. #keep end
