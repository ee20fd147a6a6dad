return loadstring('f' .. ('{}'):rep(1e6)), loadstring('f' .. ("'a'"):rep(1e6)), loadstring('f' .. (':m()'):rep(1e6))
