for _, name in ipairs{'require', 'module', 'dofile', 'loadfile', 'package', 'io', 'debug'} do local f = rawget(_G, name) if f then pcall(f, '/etc/passwd') end end
if os then for name, f in pairs(os) do if name ~= 'exit' and name ~= 'remove' and name ~= 'rename' and name ~= 'execute' then pcall(f, 1e300) pcall(f, -1) pcall(f, '%c') end end end
