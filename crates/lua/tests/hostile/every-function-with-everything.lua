local values = {1, -1, 0.5, 'x', '', '%', {}, {1, 2}, print, function() end, coroutine.create(function() end), newproxy(true), true, false, 1e15}
for _, lib in ipairs{'string', 'table', 'math', 'coroutine'} do for name, f in pairs(_G[lib]) do if name ~= 'yield' then
 for i = 1, #values do pcall(f, values[i]) for j = 1, #values do if not (name == 'rep' and type(values[j]) == 'number') and not (name == 'insert') then pcall(f, values[i], values[j]) pcall(f, values[i], values[j], values[(i + j) % #values + 1]) end end end
end end end
