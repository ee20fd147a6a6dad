local keep = {}
for i = 1, 20000 do keep[i] = {} end
for i = 1, 1e9 do collectgarbage() end
