-- A protected and a plain call at each level: the protected ones fail, the plain ones go on.
local function f(x) pcall(f, x) f(x) end
while true do pcall(f, 1) end
