-- needs: MessagePack
local mp = require 'MessagePack'
local function hex(s) return (s:gsub('.', function(c) return ('%02x'):format(c:byte()) end)) end
for _, v in ipairs{0, 1, 127, 128, 255, 256, 65535, 65536, 2^32 - 1, 2^32, 2^53, -1, -32, -33, -128, -129, -32768, -32769, -2^31, -2^31 - 1, 0.5, 1.5, 0.1, 1e100, -1e-5, 'a', ('x'):rep(31), ('x'):rep(32), ('x'):rep(300), true, false, {}, {1, 2, 3}, {a = 1}, {{}, {b = {1}}}, {1, nil, 3}} do
  local packed = mp.pack(v) print(hex(packed:sub(1, 40)), #packed)
  local back = mp.unpack(packed) print(type(back), type(back) ~= 'table' and back == v or type(back) == 'table' and #back)
end
print(hex(mp.pack(1/0)), hex(mp.pack(-1/0))) for i, v in mp.unpacker(mp.pack(1) .. mp.pack('two') .. mp.pack({3})) do print(i, type(v)) end
print(pcall(mp.unpack, '')) print(pcall(mp.unpack, '\145')) print(pcall(mp.unpack, '\1\2')) print(pcall(mp.pack, print)) mp.set_number 'float' print(hex(mp.pack(1.5))) mp.set_string 'binary' print(hex(mp.pack('x'))) mp.set_array 'with_hole' print(hex(mp.pack({1, nil, 3})))
