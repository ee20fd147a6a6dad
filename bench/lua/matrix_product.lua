-- Product of two matrices, per multiplication.
local ops = 1
local n = 90
local function matrix() local m = {} for i = 1, n do local row = {} for j = 1, n do row[j] = i + j / 10 end m[i] = row end return m end
local a, b = matrix(), matrix()
local started = os.clock()
local c = {}
for i = 1, n do
  local row, left = {}, a[i]
  for j = 1, n do local s = 0 for k = 1, n do s = s + left[k] * b[k][j] end row[j] = s end
  c[i] = row
end
ops = n * n * n
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
