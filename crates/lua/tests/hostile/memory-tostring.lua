local keep = {}
while true do keep[#keep + 1] = tostring({}) .. #keep end
