-- Compiling a source of 120 bytes, per compilation.
local ops = 40000
local source = 'local a, b = ... if a and b > 10 then return {a = a, b = b + 1} end local s = "x" .. tostring(a) return s, #s, nil --'
local started = os.clock()
for i = 1, ops do loadstring(source .. i) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
