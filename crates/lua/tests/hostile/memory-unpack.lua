pcall(unpack, {}, 1, 2^31 - 1) pcall(unpack, {}, -2^31, 2^31 - 1) pcall(unpack, {}, 1, 1e300)
pcall(unpack, {}, 0/0, 0/0) pcall(unpack, {}, -1e300, 1e300)
return unpack({}, 1, 1e7)
