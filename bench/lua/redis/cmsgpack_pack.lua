-- cmsgpack.pack of about 10 KB of JSON's data, per value packed.
local ops = 1
local list = {} for i = 1, 100 do list[i] = {id = i, name = 'name ' .. i, tags = {'a', 'b', 'c'}, price = i / 7, ok = i % 2 == 0} end
local s
local started = os.clock()
for i = 1, 100 do s = cmsgpack.pack(list) end ops = 100 * 900
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
