-- Method calls through a metatable, per call.
local ops = 3000000
local Account = {} Account.__index = Account
function Account:deposit(n) self.balance = self.balance + n return self end
local account = setmetatable({balance = 0}, Account)
local started = os.clock()
for i = 1, ops do account:deposit(1) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
