local ok, dumped = pcall(string.dump, function() end)
if ok then for i = 1, #dumped do local broken = dumped:sub(1, i - 1) .. '\255' .. dumped:sub(i + 1) local f = loadstring(broken) if f then pcall(f) end end end
