local src = 'local function f() ' .. ('local a = 1 '):rep(190) .. ' return 1 + f() end f()'
assert(loadstring(src))()
