return loadstring('return ' .. ('not '):rep(1e6) .. '1'), loadstring('return ' .. ('-'):rep(1e6) .. '1'), loadstring('return ' .. ('#'):rep(1e6) .. '1')
