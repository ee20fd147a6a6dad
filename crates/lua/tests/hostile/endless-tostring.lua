while true do tostring({}) end
