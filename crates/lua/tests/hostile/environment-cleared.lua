local setmetatable, pcall = setmetatable, pcall
for k in pairs(_G) do if k ~= '_G' then _G[k] = nil end end
setmetatable(_G, {__index = function(t, k) return t end, __call = function() return _G end})
return a.b.c(d)(e).f
