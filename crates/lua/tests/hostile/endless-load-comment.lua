local first = true
load(function() if first then first = false return '--[[' end return ('x'):rep(1000) end)
