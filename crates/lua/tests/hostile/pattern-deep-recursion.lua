return ('a'):rep(1000000):match(('a'):rep(1000000))
