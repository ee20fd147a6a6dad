return loadstring(('do '):rep(1e6)), loadstring(('while true do '):rep(1e6)), loadstring(('if x then '):rep(1e6)), loadstring(('repeat '):rep(1e6)), loadstring(('for i = 1, 2 do '):rep(1e6))
