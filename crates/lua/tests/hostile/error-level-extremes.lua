for _, n in ipairs{0, 1, 2, 3, 100, 1e6, 2^31, -1, -2^31, 1e300, 0/0, 1/0} do pcall(error, 'x', n) pcall(function() error('x', n) end) end
