-- cjson.decode and encode of a small object, per round.
local ops = 50000
local s = '{"id":7,"name":"job","data":{"a":1},"opts":[1,2]}'
local started = os.clock()
for i = 1, ops do s = cjson.encode(cjson.decode(s)) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
