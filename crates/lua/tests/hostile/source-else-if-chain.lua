return loadstring('if x then ' .. ('elseif x then '):rep(1e6) .. ' end')
