local t = {}
for i = 1, 62 do t[2 ^ i] = i end
t[1e15] = 1
for i = 1, 1e9 do t[i * 1e6] = i end
