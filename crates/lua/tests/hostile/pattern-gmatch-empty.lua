local n = 0
for _ in ('x'):rep(3000000):gmatch('') do n = n + 1 end
return n
