return ('x'):rep(1e7):byte(1, -1)
