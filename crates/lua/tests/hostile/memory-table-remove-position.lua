pcall(table.remove, {}, 2^31)
pcall(table.remove, {1, 2, 3}, -2^31)
