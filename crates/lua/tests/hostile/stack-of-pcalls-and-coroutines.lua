local function f(n) if n == 0 then error('bottom') end local ok, e = pcall(coroutine.wrap(function() return f(n - 1) end)) error(e, 0) end
pcall(f, 150)
f(1e6)
