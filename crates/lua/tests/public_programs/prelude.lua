-- Gives programs a `require` over the sources in the table `sources`, and the little of the other
-- libraries that they ask for, the same on every engine.
local real_clock = os and os.clock
arg = nil
-- What a dump's header says of the size of numbers is all that is asked of it.
function string.dump() return '\27LuaQ\0\1\4\8\4\8\0' end
debug = {
  traceback = function(message) return message end,
  getinfo = function(level) return level ~= nil and (type(level) ~= 'number' or level < 4) and {short_src = '?', source = '=?', currentline = 0, what = 'Lua', nparams = 0} or nil end,
  getlocal = function() end, sethook = function() end, gethook = function() end,
  getmetatable = getmetatable, setmetatable = function(value) return value end, getupvalue = function() end,
}
local function write(...) local parts = {...} for i = 1, #parts do parts[i] = tostring(parts[i]) end print((table.concat(parts):gsub('\n$', ''))) end
local file = {write = function(_, ...) write(...) end, flush = function() end, close = function() end}
io = {stdout = file, stderr = file, stdin = file, write = write, open = function(name) return nil, name .. ': no files here' end, output = function() return file end, lines = error, read = function() end, popen = error, type = function() end}
os = {clock = real_clock, getenv = function() end, time = function() return 86400 end, date = function() return 'date' end, exit = function(code) error('exit ' .. tostring(code), 0) end, setlocale = function() return 'C' end, tmpname = function() return 'tmp' end, remove = function() end, rename = function() end, difftime = function(a, b) return a - b end}
package = {loaded = {string = string, table = table, math = math, coroutine = coroutine, io = io, os = os, debug = debug, _G = _G}, preload = {}, path = './?.lua', cpath = '', config = '/\n;\n?\n!\n-\n', loaders = {}}
function require(name)
  if package.loaded[name] == nil then
    local source = sources[name] or sources[name .. '.init']
    if not source then error("module '" .. name .. "' not found", 2) end
    local chunk = assert(loadstring(source, '=' .. name))
    package.loaded[name] = true
    local result = chunk(name)
    if result ~= nil then package.loaded[name] = result end
  end
  return package.loaded[name]
end
function module(name, ...)
  local environment = package.loaded[name]
  if type(environment) ~= 'table' then environment = {} package.loaded[name] = environment _G[name] = environment end
  environment._M, environment._NAME, environment._PACKAGE = environment, name, name:gsub('[^.]*$', '')
  for _, option in ipairs{...} do option(environment) end
  setfenv(2, environment)
end
function package.seeall(environment) setmetatable(environment, {__index = _G}) end
