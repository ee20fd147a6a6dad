local co = coroutine.create(function() table.sort({1, 2, 3}, function(a, b) coroutine.yield() return a < b end) end)
for i = 1, 10 do coroutine.resume(co) end
