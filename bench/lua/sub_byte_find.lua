-- sub, byte and find on a short string, per turn.
local ops = 700000
local text, n = 'user:1234:profile', 0
local started = os.clock()
for i = 1, ops do n = n + #text:sub(6, 9) + text:byte(3) + text:find(':') end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
