-- Eight queens, per placement tried.
local ops = 1
local tried = 0
local started = os.clock()
local function safe(c, n, r) for i = 1, n - 1 do local q = c[i] if q == r or q - i == r - n or q + i == r + n then return false end end return true end
local function place(c, n) if n > 8 then return end for r = 1, 8 do tried = tried + 1 if safe(c, n, r) then c[n] = r place(c, n + 1) end end end
for i = 1, 8 do place({}, 1) end
ops = tried
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
