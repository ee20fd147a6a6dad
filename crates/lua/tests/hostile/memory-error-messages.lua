local keep, s = {}, ('x'):rep(1e6)
while true do keep[#keep + 1] = select(2, pcall(error, s .. #keep)) end
