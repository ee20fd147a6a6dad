-- The same for the other decoder, and two results kept.
local t = {}
for i = 1, 300 do t[i] = {id = i, name = 'name ' .. i, tags = {'a', 'b', 'c'}} end
local packed = cmsgpack.pack(t)
local last
while true do last, t = t, cmsgpack.unpack(packed) end
