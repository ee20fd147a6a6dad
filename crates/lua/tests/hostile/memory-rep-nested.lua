local s = 'x'
for i = 1, 100 do s = s:rep(10) end
