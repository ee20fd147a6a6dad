if not cmsgpack then return end
for _, head in ipairs{'\221\255\255\255\255', '\223\255\255\255\255', '\219\255\255\255\255', '\220\255\255', '\222\255\255', '\198\255\255\255\255', '\201\255\255\255\255'} do for n = 0, 20 do pcall(cmsgpack.unpack, head .. ('\1'):rep(n)) end end
pcall(cmsgpack.unpack, ('\145'):rep(1e6)) pcall(cmsgpack.unpack, ('\129'):rep(1e6)) pcall(cmsgpack.unpack, ('\145'):rep(1e6) .. '\1')
local t = {} t[1] = t cmsgpack.pack(t)
return cmsgpack.unpack(('\1'):rep(1e6))
