-- Compiling a source of 50 KB, per KB.
local ops = 1
local part = "do local function f(a, b) local t = {x = a, y = b, 1, 2, 3} for i = 1, 10 do t[i] = t.x + i * 2 end return t end end\n"
local source = part:rep(430)
local started = os.clock()
for i = 1, 10 do assert(loadstring(source)) end ops = 10 * #source / 1024
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
