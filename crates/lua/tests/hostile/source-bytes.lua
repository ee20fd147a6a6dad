for i = 0, 255 do for j = 0, 255 do loadstring(string.char(i, j)) loadstring('x = ' .. string.char(i, j) .. ' y') end end
