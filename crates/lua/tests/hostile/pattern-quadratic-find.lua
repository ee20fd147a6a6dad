return ('a'):rep(300000):find('.-b')
