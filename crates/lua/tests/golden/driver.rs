//! The Lua program around a snippet of the golden suite.

use super::case_file::lua_quoted;

/// The program that runs one snippet: compiles it as the chunk `snippet`, calls it protected, and
/// prints what it returns or the error it ends with. Its `print` is not that of the interpreter,
/// which stops at a zero byte.
pub fn driver(source: &str) -> String {
    let quoted = lua_quoted(source.as_bytes());
    format!(
        "local type, select, error, write, concat = type, select, error, io.write, table.concat
function print(...)
  local words = {{}}
  for i = 1, select('#', ...) do
    words[i] = tostring((select(i, ...)))
    if type(words[i]) ~= 'string' and type(words[i]) ~= 'number' then
      error(\"'tostring' must return a string to 'print'\")
    end
  end
  write(concat(words, '\\t'), '\\n')
end
local print, tostring = print, tostring
local function report(ok, ...)
  if ok then
    if select('#', ...) > 0 then print('return:', ...) end
  elseif type(...) == 'string' then
    print('error: ' .. ...)
  else
    print('error value: ' .. tostring((...)))
  end
end
local chunk, message = loadstring({quoted}, '=snippet')
if chunk then report(pcall(chunk)) else print('syntax error: ' .. message) end
"
    )
}
