for i = 0, 300 do pcall(getfenv, i) pcall(setfenv, i, {}) end
for i = -5, 5 do pcall(getfenv, 2 ^ (i * 10)) pcall(getfenv, -2 ^ (i * 10)) pcall(setfenv, 2 ^ 31, {}) end
