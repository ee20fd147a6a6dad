if not struct then return end
for _, f in ipairs{'c99999999999', 'i99999999999', ('b'):rep(1e6), ('>'):rep(1e6), '!99999999999b', 'c2147483647', 'c-1', 'i0', 'i33', ('x'):rep(1e6)} do pcall(struct.pack, f, 1) pcall(struct.pack, f, 'x') pcall(struct.unpack, f, 'xxxx') pcall(struct.unpack, f, 'xxxx', 2^31) pcall(struct.unpack, f, 'xxxx', -2^31) pcall(struct.size, f) end
local keep = {}
while true do keep[#keep + 1] = struct.pack('c0', ('x'):rep(1e6)) .. #keep end
