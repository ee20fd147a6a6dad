return loadstring('return ' .. ('1 ^ '):rep(1e6) .. '1'), loadstring('return ' .. ('a .. '):rep(1e6) .. 'a')
