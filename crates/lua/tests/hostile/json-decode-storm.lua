-- What a turn makes is in use when the turn is over, and is more than a step of the collector looks at.
local t = {}
for i = 1, 300 do t[i] = {id = i, name = 'name ' .. i, tags = {'a', 'b', 'c'}} end
local text = cjson.encode(t)
while true do t = cjson.decode(text) end
