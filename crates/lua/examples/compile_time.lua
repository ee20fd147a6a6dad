-- Times lua5.1 on the sources of compile_time.rs: lua5.1 compile_time.lua LARGE_FILE
local small = "local v = redis.call('GET', KEYS[1])\nif v == ARGV[1] then\n  return redis.call('DEL', KEYS[1])\nelse\n  return 0\nend\n-- unlock\n"
local large = io.open(arg[1]):read("*a")
local function time(name, source, rounds)
  local best = math.huge
  for _ = 1, 7 do
    local start = os.clock()
    for _ = 1, rounds do assert(loadstring(source, "@user_script")) end
    best = math.min(best, (os.clock() - start) / rounds)
  end
  print(string.format("%s: %d bytes, %.2f us", name, #source, best * 1e6))
end
time("small", small, 20000)
time("large", large, 50)
