-- Weak tables whose entries come back through each other.
local weak = setmetatable({}, {__mode = 'kv'})
for i = 1, 1e9 do
  local t = {}
  weak[t] = setmetatable({t}, {__mode = 'k', __index = weak})
  weak[i % 100] = weak[t]
  if i % 500 == 0 then collectgarbage('step', 10) end
end
