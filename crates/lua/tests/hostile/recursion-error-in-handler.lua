local function bad() error('again') end
for i = 1, 1000 do xpcall(function() error('x') end, bad) end
xpcall(function() local x = nil; x() end, function(m) local y = nil; return y.z end)
