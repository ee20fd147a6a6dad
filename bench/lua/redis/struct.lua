-- struct.pack and struct.unpack of four fields, per round.
local ops = 200000
local a, b, c, d
local started = os.clock()
for i = 1, ops do a, b, c, d = struct.unpack('>I2i4dBc0', struct.pack('>I2i4dBc0', i % 65536, i, i / 3, 5, 'hello')) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
