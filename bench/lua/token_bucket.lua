-- The arithmetic of a token bucket script, per decision.
local ops = 200000
local function take(bucket, now, rate, capacity, wanted)
  local tokens = tonumber(bucket.tokens) or capacity
  local last = tonumber(bucket.last) or now
  local filled = math.min(capacity, tokens + math.max(0, now - last) * rate)
  local allowed = filled >= wanted
  if allowed then filled = filled - wanted end
  bucket.tokens, bucket.last = tostring(filled), tostring(now)
  return allowed and 1 or 0
end
local bucket, s = {}, 0
local started = os.clock()
for i = 1, ops do s = s + take(bucket, i / 10, 5, 100, 1) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
