return loadstring(('a, '):rep(1e6) .. 'a = 1'), loadstring('a = ' .. ('1, '):rep(1e6) .. '1'), loadstring('f(' .. ('1, '):rep(1e6) .. '1)'), loadstring('return ' .. ('1, '):rep(1e6) .. '1')
