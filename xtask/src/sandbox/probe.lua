-- Everything a script can reach, in words: names and kinds, constants, metatables, and what the libraries' settings do.
-- Two probes that say the same have found the same world.
local pairs, next, type, tostring, pcall, rawget = pairs, next, type, tostring, pcall, rawget
local getmetatable, select = getmetatable, select
local sort, concat, format, sub = table.sort, table.concat, string.format, string.sub
local out, seen = {}, {}

local function key_text(key)
  local kind = type(key)
  if kind == 'string' then return key end
  if kind == 'number' then return format('%.17g', key) end
  return '<' .. kind .. '>'
end

local function walk(value, path, depth)
  local kind = type(value)
  if kind == 'number' then
    out[#out + 1] = path .. '=' .. format('%.17g', value)
  elseif kind == 'string' or kind == 'boolean' then
    out[#out + 1] = path .. '=' .. tostring(value)
  elseif kind ~= 'table' then
    out[#out + 1] = path .. ':' .. kind
  elseif seen[value] then
    out[#out + 1] = path .. '=' .. seen[value]
  elseif depth > 6 then
    out[#out + 1] = path .. ' is deep'
  else
    seen[value] = path
    local keys, values = {}, {}
    for key, item in next, value do
      local text = key_text(key)
      keys[#keys + 1] = text
      values[text] = item
      if type(key) == 'table' then out[#out + 1] = path .. ' has a table as a key' end
    end
    sort(keys)
    out[#out + 1] = path .. '{' .. concat(keys, ' ') .. '}'
    for index = 1, #keys do walk(values[keys[index]], path .. '.' .. keys[index], depth + 1) end
    local meta = getmetatable(value)
    if meta ~= nil then walk(meta, path .. '#', depth + 1) end
  end
end

walk(_G, '_G', 0)
walk(getmetatable(''), "''#", 0)
for _, other in pairs({ 0, true, print_nothing_here }) do walk(getmetatable(other), type(other) .. '#', 0) end
walk(getmetatable(type), 'function#', 0)
walk(getmetatable(coroutine.create(type)), 'thread#', 0)

local function try(name, f, ...)
  local ok, value = pcall(f, ...)
  out[#out + 1] = name .. ' ' .. tostring(ok) .. ' ' .. (type(value) == 'table' and 'table' or tostring(value))
end

local function deep(levels)
  local value = {}
  for _ = 1, levels do value = { value } end
  return value
end

try('deep encode', function() return #cjson.encode(deep(900)) end)
try('too deep encode', function() return #cjson.encode(deep(1100)) end)
try('deep decode', function() return cjson.decode(('['):rep(900) .. (']'):rep(900)) end)
try('too deep decode', function() return cjson.decode(('['):rep(1100) .. (']'):rep(1100)) end)
try('precision', function() return cjson.encode({ 1 / 3, 1e100, 12345678901234567890 }) end)
try('sparse', function() return cjson.encode({ [1] = 1, [100] = 2 }) end)
try('nan', function() return cjson.encode({ 0 / 0 }) end)
try('decode nan', function() return tostring(cjson.decode('[NaN]')[1]) end)
try('new json', function() return cjson.new().encode({ 1 / 3 }) end)
try('pack', function() return (cmsgpack.pack({ 1, 'a', { b = true } }):gsub('[^%w]', '.')) end)
try('struct', function() return (struct.pack('>I4s', 7, 'x'):gsub('%z', '.')) end)
try('string methods', function() return ('%s'):format(('aBc'):upper():lower():rep(2):reverse():len()) end)
try('missing method', function() return ('x').nothing end)
try('missing global', function() return nothing_of_the_kind end)
try('new global', function() nothing_of_the_kind = 1 end)
try('protocol', function() return redis.call('hgetall', 'no such key').map == nil end)
try('truth', function() return redis.call('get', 'no such key') == false end)
try('error', function() return redis.pcall('nope').err end)
try('status', function() return redis.call('ping').ok end)
try('numbers', function() return tostring(2 ^ 53) .. tostring(0.1) .. tonumber('0x10') .. (-7 % 3) end)
try('errors', function() error({ err = 'x' }) end)
try('coroutines', function() return tostring(coroutine.running()) .. coroutine.wrap(function(...) return select('#', ...) end)(1, nil, nil) end)
try('keys', function() return #KEYS .. #ARGV .. tostring(getmetatable(KEYS)) .. tostring(next(KEYS)) end)
try('environment', function() return loadstring('return nothing_of_the_kind')() end)
try('garbage', function() return type(collectgarbage('count')) end)
return out
