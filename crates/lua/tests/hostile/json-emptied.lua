-- Tables without values take long to look through.
local inner = {}
for i = 1, 100000 do inner['k' .. i] = i end
for i = 1, 100000 do inner['k' .. i] = nil end
local t = {}
for i = 1, 100 do t[i] = inner end
while true do cjson.encode(t) cmsgpack.pack(t) end
