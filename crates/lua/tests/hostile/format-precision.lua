-- Digits that take long to make.
while true do string.format('%99.99f%99.99f%.99g', 1e308, 5e-324, 1 / 3) end
