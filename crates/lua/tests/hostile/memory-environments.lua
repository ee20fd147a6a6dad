local f = function() return x end
local keep = {}
while true do keep[#keep + 1] = setmetatable({}, {__index = getfenv(f)}) setfenv(f, keep[#keep]) end
