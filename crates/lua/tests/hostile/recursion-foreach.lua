local function f() table.foreach({1, 2}, f) end
f()
