-- Mandelbrot set, per inner iteration.
local ops = 1
local size, count = 120, 0
local started = os.clock()
for py = 0, size - 1 do
  local ci = 2 * py / size - 1
  for px = 0, size - 1 do
    local cr, zr, zi = 2 * px / size - 1.5, 0, 0
    for i = 1, 50 do
      count = count + 1
      zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
      if zr * zr + zi * zi > 4 then break end
    end
  end
end
ops = count
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
