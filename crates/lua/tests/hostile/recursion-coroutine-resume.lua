local function f() return coroutine.resume(coroutine.create(f)) end
print(f())
local function g(n) coroutine.wrap(function() g(n + 1) end)() end
g(1)
