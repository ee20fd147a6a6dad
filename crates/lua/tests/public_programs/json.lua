-- needs: dkjson
local json = require 'dkjson'
for _, v in ipairs{1, 1.5, -0.1, 1e100, 'text', 'quote " back \\ slash / \n\t\0', true, false, {}, {1, 2, 3}, {a = 1}, {1, nil, 3}, {{}, {{}}}, {x = {y = {z = 'deep'}}}, 'é ✓', 2^53, 1/3} do print(json.encode(v)) end
print(json.encode({b = 1, a = 2, list = {1, 'x', true}}, {indent = true, keyorder = {'a', 'b', 'list'}}))
for _, s in ipairs{'{"a":[1,2,{"b":null}],"c":"\\u00e9\\ud83d\\ude00"}', '[1,2', '{"a" 1}', 'nul', '"x', '[1e5,-2.5,0.1]', '  [ ] ', '/* c */ [1] // d', '{"a":1,}', ''} do
  local value, position, message = json.decode(s, 1, nil)
  print(s, type(value) == 'table' and json.encode(value) or value, position, message)
end
print(json.encode((json.decode('[null]', 1, json.null))), json.quotestring('a"b'), json.version)
print(pcall(json.encode, {[{}] = 1})) print(pcall(json.encode, print)) print(json.encode({f = print}, {exception = json.encodeexception}))
local cycle = {} cycle[1] = cycle print(pcall(json.encode, cycle))
local big = {} for i = 1, 500 do big[i] = {id = i, name = 'name ' .. i, value = i / 7} end
local text = json.encode(big) print(#text) local back = json.decode(text) print(#back, back[500].name, back[7].value == 1)
