local e = 'x'
while true do local ok, m = pcall(error, e .. e, 2) e = m end
