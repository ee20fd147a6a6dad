local function f() return load(f) end
load(f)
local function g() return (load(function() return g() end)) end
g()
