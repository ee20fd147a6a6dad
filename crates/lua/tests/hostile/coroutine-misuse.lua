local co
co = coroutine.create(function() pcall(coroutine.resume, co) coroutine.wrap(function() pcall(coroutine.resume, co) end)() local ok = pcall(coroutine.yield, co) return co end)
for i = 1, 5 do pcall(coroutine.resume, co, co) end
for i = 1, 1000 do local f = coroutine.wrap(error) pcall(f) pcall(f) end
