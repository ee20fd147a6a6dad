local s = ('x'):rep(100000)
return s:gsub('.*', ('%0'):rep(100000))
