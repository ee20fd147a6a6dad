-- Coroutines that share variables of frames that are gone, with the collector in between.
local all = {}
for i = 1, 1e9 do
  local v = {i}
  local co = coroutine.wrap(function() local w = v coroutine.yield(function() w, v = v, w return w end) error(v) end)
  all[i % 50] = {co(), co}
  pcall(co)
  if i % 1000 == 0 then collectgarbage() end
end
