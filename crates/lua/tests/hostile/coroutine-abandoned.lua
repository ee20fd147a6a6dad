for i = 1, 1e9 do local co = coroutine.wrap(function() local t = {} for j = 1, 100 do t[j] = j end coroutine.yield(t) end) co() end
