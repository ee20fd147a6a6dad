if not cjson then return end
local t = {}
for i = 1, 1e5 do t = {t} end
pcall(cjson.encode, t)
pcall(cjson.decode, ('['):rep(1e6))
pcall(cjson.decode, ('{"a":'):rep(1e6))
cjson.decode_max_depth(2^31 - 1) cjson.encode_max_depth(2^31 - 1)
pcall(cjson.encode, t)
pcall(cjson.decode, ('['):rep(1e6) .. (']'):rep(1e6))
local c = {} c[1] = c
cjson.encode(c)
