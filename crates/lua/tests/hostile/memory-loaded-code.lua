local keep = {}
while true do keep[#keep + 1] = loadstring('local a = ' .. #keep .. ' return function() return a, "' .. #keep .. '" end') end
