-- Code that is made, loaded and dropped without end.
local n = 0
while true do n = n + 1 loadstring('local a' .. n .. ' = ' .. n .. ' return function() return a' .. n .. ' end')()() end
