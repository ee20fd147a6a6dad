local p, strings = pcall, string
for k in pairs(strings) do strings[k] = nil end
p(function() return ('x'):rep(3) end)
getmetatable('').__index = nil
p(function() return ('x'):rep(3) end)
getmetatable('').__index = 5
p(function() return ('x'):rep(3) end)
