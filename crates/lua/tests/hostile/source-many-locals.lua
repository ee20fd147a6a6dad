return loadstring(('local a '):rep(1e6)), loadstring('local ' .. ('a, '):rep(1e6) .. 'a'), loadstring('local function f(' .. ('a, '):rep(1e6) .. 'a) end')
