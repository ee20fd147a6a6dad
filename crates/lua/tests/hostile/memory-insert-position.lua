pcall(table.insert, {}, 2^30, 1)
pcall(table.insert, {}, -2^30, 1)
return table.insert({1, 2, 3}, -2^31, 1)
