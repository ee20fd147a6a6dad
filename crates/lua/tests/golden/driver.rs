//! The Lua program around a snippet of the golden suite.

use super::case_file::lua_quoted;

/// The program that runs one snippet: compiles it as the chunk `snippet`, calls it protected, and
/// prints what it returns or the error it ends with.
pub fn driver(source: &str) -> String {
    let quoted = lua_quoted(source.as_bytes());
    format!(
        "local print, tostring, type, select = print, tostring, type, select
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
