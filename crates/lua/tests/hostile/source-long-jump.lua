return loadstring('while x do ' .. ('x = 1 '):rep(500000) .. ' end'), loadstring('if x then ' .. ('x = 1 '):rep(500000) .. ' end')
