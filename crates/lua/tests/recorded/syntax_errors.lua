-- Prints sources and the messages that lua5.1 gives for them, one case per line: the source, a tab, the message (or
-- "ok"), with \n, \r, \t, \\ and \ddd escapes.
--
--   lua5.1 syntax_errors.lua > syntax_errors.txt

local function escape(text)
  return (text:gsub("[%c\\\127-\255]", function(byte)
    local short = ({ ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\" })[byte]
    return short or string.format("\\%03d", byte:byte())
  end))
end

local function case(source)
  local chunk, message = loadstring(source, "=s")
  io.write(escape(source), "\t", chunk and "ok" or escape(message), "\n")
end

local cases = {
  -- strings and comments
  "x = 'abc\n'", "x = 'abc", "x='\\400'", "x='a\\1239\\300b'", "x=[==a", "x=[[ a [[ b ]]", "--[[ a [[ b ]]",
  "x=[=[ a [[ b [=[ ]=]", "x=[[abc", "--[[abc", "x='a\\", "x='a\\\n", "x='a\0b\n'", "x = 'abc\r'", "x='\\x'",
  "x='a\\\nb' =", "x='\\\r\n' \n\r y=", "x = 'a\\z b'", "x='\\09'", "x = '\\2555'", "x = '\\256'", "x='\\xab",
  "--[==[ \n\n]==] x", "--[==[ \n\n]=] x", "--[=", "--[=\nx", "--[[]]x", "--[[x]]--[[y\n]]x", "--", "#!x\ny",
  "x = 'a\\nb\\065' 'c'", "x='c' 'c\0d' 3", "x= {a=1 'c\0d'", "x = 'a' [[\nb\0c]] =", "x = \"abc\\\n'd", "'abc'",
  "x [==[\nabc\n]==] y [==[\r\nab\r\nc]==] = ", "a = 'x' .. 'y", "x = [=", "x = [= [", "x = [", "x = ]]", "x=[[]]]",
  "x=[=[]]=]=]", "x=[=[]=", "x=[[\r\n\r\n]] y", "x=[[a]b]] y", "x=[==[]=]==] y", "x='\\\r'y", "x='\\\n\r\\\r\n' y",
  -- numbers
  "x=3e", "x=1..2", "x=0x", "x=0xg", "x=1_0", "x=0x1p4 y", "x=0x1.8", "x=3 4", "x = 08 y = 1e5e", "x = 1e+", "x= .5.",
  "x=..5", "x = 0b1", "x = 0x.8", "x=0x1e+1 y", "x = 12abc", "x = 1e5.5", "x= 1.e5 y", "x = 1.2.3", "x=1e1_",
  "x=0x10000000000000000 y", "x=.e1", "x=5..", "x = 1e400 y", "x=0x1P-2 y", "x=1ee", "x = 3.14.", "x= 0x_", "x=1d",
  -- odd bytes
  "\0", "x\0", "x=\1", "x=@", "x=\200", "x = \127", "x = a\0b", "\239\187\191x=1", "x = $", "x ? y", "x = `", "x = ~",
  "x = a ~ b", "x = a != b", "x = !a", "::a::", "x //= 2", "x = 1 // 2", "x += 1", "x = a & b", "%", "#", "\\",
  -- statements
  "x = = 1", "if x then", "\n\nif x then\n\n", "if x then\nfor", "for 1", "for a", "for a,b do", "a", "a.b", "a\n()",
  "f\n(x)", "break", "break;", "return 1 2", "return return", "return;;", "return;x", ";", "x=1;;", "x=1;y=2;", "goto x",
  "x = }", "(a) = 1", "a() = 1", "a,b() = 1", "x:y = 1", "local 1", "local function 1", "do local x end end",
  "repeat local x until", "while 1 do", "while 1", "while 1 do break; end", "while 1 do break x=1 end",
  "if x then return end else", "if x then else elseif y then end", "for i=1 do end", "for i=1,2,3,4 do end",
  "for i in do end", "x = 5 = 6", "local a <const> = 1", "a=b=c", "local a.b", "local function a.b() end", "and = 1",
  "function f() return ... end", "function a:b() return ... end", "function a.b:c.d() end", "function a.b:c:d() end",
  "function", "function 1", "function a.", "function a:", "function a:b", "function f(", "function f(a", "function f(a,",
  "function f(a,)", "function f(...,b) end", "x = ...\nfunction f(a, ..., b) end", "function f(a b) end",
  "local function f(a,", "function f(1) end", "function f(a.b) end", "return\nx y", "repeat x=1", "repeat\nx=1 end",
  "if x then\nelse\nelse", "if x then\nelseif", "if x then elseif y", "function f()\nx=1", "local f = function(a,b)\n return 1",
  "while x\ndo", "for i=1,2\ndo\n", "for i=1,2\n", "do\n", "for i,j=1,2 do end", "for i.x=1,2 do end", "for i in a do",
  "for i in a,b,c,d,e do\nend x", "for i=1,\n2 do\nbreak\nbreak end", "x,y", "x,y=", "x,1=2", "f().x", "f() = g()",
  "f().x, g() = 1", "local a,", "local a,1", "local a =", "local a,b = 1,", "do", "until x", "end", "else", "elseif",
  "then", "in", "not x", "x x", "x.y z", "x() y() z", "return x,", "return ,", "do return end x = 1 end", "do break end",
  "if x then break end", "for i = 1, 2 do function f() break end end", "while x do local function f() break end end",
  -- expressions
  "x = a.'b'", "x = a:b", "x = not", "x = 1 .. .. 2", "x = a . . b", "x = function", "x = function f", "x = function (a b)",
  "x = {1,2", "x = {\n1,2\n", "f(\n1,\n2", "f{", "function(", "a.1", "x = #", "x.and = 1", "x = {and=1}", "x = {1;2,;3}",
  "x={;}", "x={,}", "f(1,)", "f(,)", "f(a b)", "f(a\nb)", "x = a[1", "x = a[\n1", "x = (1", "x = (\n1", "x = ()",
  "x = {[1]", "x = {[1] 2}", "x = {[1]=}", "x = {a.b=1}", "x = {a=}", "x = {a=1,a}", "x = {[a]}", "x = {\n[1\n}",
  "x={...}function f() x={...} end", "f = function()\n\n x", "x = function() return 1 end 5", "x = 'a'.b", "x = 1.b",
  "x = ('a').b y", "x = ('a'):b() y", "x = 'a':b()", "x = {}.a", "x = {}[1]", "x = nil.a", "x = a:1()", "x = a:b.c()",
  "x = a:b'c':d{} y", "x = -", "x = - -1 y", "x = 2 ^", "x = a or", "x = or a", "x = a and and b", "x = a == == b",
  "f'x'{}\n()", "f\n'x' y", "f\n{} y", "(f)\n(g)", "a:b\n(1)", "f(\n1\n)\n(2)", "f()\n{}\n'x'\n(1)", "x = f\n(1) y",
  "x = a b", "x = a 'b' 'c' = ", "x = a.b.c.", "x = a[]", "x = a[1]]", "x = (a))", "x = {{}", "x = {}}", "x = a.b:c",
  "x = (a", "x = (a,b)", "x = a, b, c y", "x = -nil y", "x = not nil == 1 y", "x = 'a' + 1 y", "x = f() () {} '' y",
  "x = function() end()", "(function() end)() y", "x = ... y", "f(...) y", "x = (...) = 1", "(...) = 1", "(...)", "...",
  "x.y.z = ... y", "(f)", "(f())", "((f)()) = 1", "(a).b = 1 y", "(a).b", "a.b.c = 1 y", "a[1][2] = 1 y", "a[1]", "a[",
}
for _, source in ipairs(cases) do case(source) end

-- Token soups, from a generator that is the same everywhere.
local words = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or",
  "repeat", "return", "then", "true", "until", "while", "+", "-", "*", "/", "%", "^", "#", "==", "~=", "<=", ">=", "<",
  ">", "=", "=", "=", "(", ")", "(", ")", "{", "}", "[", "]", ";", ":", ",", ",", ".", "..", "...", "\n", "\n", "a", "b",
  "c", "f", "1", "2.5", "'s'", "[[l]]", "a", "b", "c", "f()", "a.b", "x =", "local y =", "end", "then", "do",
}
local seed = 1
local function random(most)
  seed = (seed * 16807) % 2147483647
  return seed % most + 1
end
local beginnings = {
  "", "x =", "local a =", "if x then", "for i = 1, 2 do", "for k in f do", "while x do", "function f(a, b)", "repeat",
  "f(", "t = {", "return", "a.b[1] =", "if x then y() else", "local function g(...)", "x = a and", "do", "a, b =",
}
for _ = 1, 1500 do
  local soup = { beginnings[random(#beginnings)] }
  for _ = 1, random(9) do soup[#soup + 1] = words[random(#words)] end
  case(table.concat(soup, " "))
end
