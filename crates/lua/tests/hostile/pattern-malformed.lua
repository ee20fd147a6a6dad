for i = 0, 255 do for j = 0, 255, 5 do local p = string.char(i, j)
 pcall(string.find, 'abc', '[' .. p) pcall(string.find, 'abc', '%' .. p) pcall(string.find, 'abc', '(' .. p) pcall(string.gsub, 'abc', p, '%' .. p) end end
