if not cjson then return end
local s = '[' .. ('{"key":[1,2,3,"text"]},'):rep(100000) .. '1]'
local keep = {}
while true do keep[#keep + 1] = cjson.decode(s) end
