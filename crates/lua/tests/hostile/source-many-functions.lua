return loadstring(('x = function() end '):rep(300000))
