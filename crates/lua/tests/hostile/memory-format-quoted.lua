return ('%q'):format(('\0'):rep(5e7))
