return ('a'):rep(5000):find(('.-'):rep(30) .. 'b')
