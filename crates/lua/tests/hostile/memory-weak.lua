local t = setmetatable({}, {__mode = 'kv'})
while true do t[{}] = {} t[#t + 1] = {} end
