return loadstring('return "' .. ('x'):rep(1e7) .. '"'), loadstring('return [[' .. ('x'):rep(1e7)), loadstring('return [' .. ('='):rep(1e7) .. '[x'), loadstring('--[' .. ('='):rep(1e6))
