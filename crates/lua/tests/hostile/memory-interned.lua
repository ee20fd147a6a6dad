local i = 0
local keep = {}
while true do i = i + 1 keep[i] = 'string number ' .. i end
