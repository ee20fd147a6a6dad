-- Recursive Fibonacci, per call.
local ops = 832039
local calls = 0
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local started = os.clock()
fib(27) ops = 832039
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
