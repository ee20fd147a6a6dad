return pcall(string.find, 'x', ('x?'):rep(1000000))
