return loadstring(('x'):rep(1e7) .. ' = 1'), loadstring('return ' .. ('9'):rep(1e7)), loadstring('return 0x' .. ('f'):rep(1e7)), loadstring('return 1e' .. ('9'):rep(1e6))
