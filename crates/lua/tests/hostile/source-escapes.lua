return loadstring('return "' .. ('\\1'):rep(1e6) .. '"'), loadstring('return "' .. ('\\'):rep(1e6))
