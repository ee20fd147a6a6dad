local fs = {}
for i = 1, 1e9 do local x = i fs[i % 1000] = function() x = x + 1 return fs[(i - 1) % 1000] end end
