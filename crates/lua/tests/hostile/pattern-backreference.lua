return ('x'):rep(100000):find('(.*)%1y')
