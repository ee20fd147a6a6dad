local src = 'return {' .. ('{},'):rep(1e6) .. '}'
local keep = {}
while true do keep[#keep + 1] = loadstring(src)() end
