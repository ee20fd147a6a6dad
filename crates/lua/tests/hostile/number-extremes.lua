for _, n in ipairs{0, -0, 1/0, -1/0, 0/0, 2^31, -2^31, 2^32, 2^53, 2^63, -2^63, 1e300, -1e300, 5e-324} do
 for name, f in pairs(math) do if type(f) == 'function' then pcall(f, n) pcall(f, n, n) pcall(f, 1, n) end end
 for name, f in pairs(string) do if name ~= 'rep' then pcall(f, 'abc', n) pcall(f, n, n, n) pcall(f, 'abc', 'b', n) pcall(f, 'abc', n, n, n) end end
 pcall(string.rep, '', n) pcall(string.rep, 'x', n)
 pcall(select, n, 1, 2, 3) pcall(unpack, {1, 2}, n) pcall(tonumber, '10', n) pcall(tonumber, n, 16) pcall(string.char, n) pcall(table.remove, {1, 2, 3}, n) pcall(table.concat, {1, 2}, '', 1, n) pcall(table.concat, {1, 2}, '', n)
 pcall(error, 'x', n) pcall(getfenv, n) pcall(collectgarbage, 'step', n) pcall(rawset, {}, n, 1) pcall(function() local t = {} t[n] = 1 return t[n], #t end)
end
