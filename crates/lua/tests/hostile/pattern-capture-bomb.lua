return ('x'):rep(5000):match(('(.-)'):rep(31) .. '!')
