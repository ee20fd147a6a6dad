local function f(...) return select('#', ...), f(..., ...) end
local function g(...) return g(1, ...) end
g(unpack({}, 1, 7000))
