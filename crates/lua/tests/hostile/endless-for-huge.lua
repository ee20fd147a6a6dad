for i = 2^53, 2^53 + 10 do end
