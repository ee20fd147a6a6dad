if not bit then return end
for _, a in ipairs{0, -1, 2^31, 2^32, 2^53, 1e300, 1/0, 0/0, -2^63} do for _, b in ipairs{0, 31, 32, 33, -1, 2^31, 1e300, 1/0, 0/0} do for name, f in pairs(bit) do pcall(f, a, b) end end end
return bit.tohex(1, 2^31 - 1), bit.tohex(1, -2^31)
