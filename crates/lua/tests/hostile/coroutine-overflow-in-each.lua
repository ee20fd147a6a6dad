-- Coroutines that each nest as deep as they can and are left there.
local kept = {}
local function f(n) if n == 0 then coroutine.yield() end return f(n - 1) + 1 end
while true do
  local co = coroutine.create(f)
  coroutine.resume(co, 15000)
  kept[#kept + 1] = co
end
