local function f() return pcall(f) end
local function g() local ok, e = pcall(g) return ok, e end
print(pcall(f))
g()
