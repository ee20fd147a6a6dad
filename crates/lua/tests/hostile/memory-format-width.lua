for _, f in ipairs{'%99999999d', '%.99999999f', '%2147483648s', '%-99s', '%099d', '%.99f', '%99.99f', '%' .. ('9'):rep(1000) .. 'd'} do pcall(string.format, f, 1e308) end
local keep = {}
while true do keep[#keep + 1] = ('%99.99f'):format(1e308 - #keep) end
