local n = 30
return ('a'):rep(n):find(('a?'):rep(n) .. ('a'):rep(n))
