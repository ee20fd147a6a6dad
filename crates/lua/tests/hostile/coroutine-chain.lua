local function chain(n) if n == 0 then return coroutine.yield('bottom') end local co = coroutine.create(chain) local function pass(...) while coroutine.status(co) ~= 'dead' do coroutine.yield(coroutine.resume(co)) end end return pass(coroutine.resume(co, n - 1)) end
local co = coroutine.create(chain)
for i = 1, 50 do coroutine.resume(co, 150) end
