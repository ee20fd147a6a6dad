local s, keep = ('x'):rep(1e6), {}
while true do keep[#keep + 1] = s:upper() .. #keep keep[#keep + 1] = s:reverse() .. #keep end
