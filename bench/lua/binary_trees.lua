-- Building and counting binary trees, per node.
local ops = 1
local function build(d) if d == 0 then return {} end return {build(d - 1), build(d - 1)} end
local function count(t) if t[1] then return 1 + count(t[1]) + count(t[2]) end return 1 end
local started = os.clock()
local n = 0 for i = 1, 12 do n = n + count(build(13)) end ops = n
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
