"""Sources that do not compile, and unusual ones that do."""

BROKEN = [
    "x", "x y", "x =", "x = =", "= 1", "1", "'a'", "x = 1 2", "x, y", "x, = 1", "x = 1,", "local", "local 1",
    "local x =", "local x, = 1", "local x.y = 1", "local function", "local function f", "local function f.g() end",
    "local function (x) end", "function", "function f", "function f(", "function f(a", "function f(a,", "function f(a,)",
    "function f(a b) end", "function f(...", "function f(..., a) end", "function f(1) end", "function f.1() end",
    "function f:() end", "function f:a.b() end", "function f:a:b() end", "function f[1]() end", "function () end",
    "return return", "return 1,", "return 1 2", "return 1; x = 2", "return =", "break", "do break end", "while true do break x = 1 end",
    "if", "if x", "if x then", "if x then else", "if x then elseif", "if x then else else end", "if x then elseif y end",
    "if x else end", "if x then end end", "while", "while x", "while x do", "while do end", "repeat", "repeat x = 1",
    "repeat until", "for", "for x", "for x =", "for x = 1", "for x = 1,", "for x = 1, 2", "for x = 1, 2 do",
    "for x = 1, 2, 3, 4 do end", "for x, y = 1, 2 do end", "for x in", "for x in y", "for x, in y do end", "for 1 = 2, 3 do end",
    "for x.y = 1, 2 do end", "for x.y in z do end", "do", "do end end", "end", "until x", "else", "elseif x then end", "then",
    "x = {", "x = {1", "x = {1,", "x = {1 2}", "x = {a =}", "x = {[1] 2}", "x = {[1 = 2}", "x = {[] = 1}", "x = {= 1}", "x = {,}",
    "x = {;}", "x = {1,,2}", "x = {1;;2}", "x = {f = 1 g = 2}", "x = (1", "x = 1)", "x = ()", "x = (1, 2)", "x = f(", "x = f(1", "x = f(1,",
    "x = f(1,)", "x = f(,1)", "f(", "f)", "f[", "f[1", "f[1]", "f[]", "f[] = 1", "f.", "f.1", "f.1 = 2", "f.end = 1", "f:", "f:g", "f:g = 1", "f:1()",
    "f:g.h()", "(f)", "(f) = 1", "((f)) = 1", "f() = 1", "f(), g = 1, 2", "(f).x", "'a':upper()", "('a'):upper", "{}.x = 1", "{}()", "x = {}()",
    "x = 'a'.b", "x = 1.y", "x = #", "x = not", "x = -", "x = 1 +", "x = 1 + + 2", "x = 1 + * 2", "x = 1 and", "x = and 1", "x = 1 or or 2", "x = 1 ..", "x = 1 ... 2",
    "x = 1...2", "x = 1..2", "x = 1 .. 2 ..", "x = 1 == ", "x = 1 ~ 2", "x = ~1", "x ~= 1", "x == 1", "x < 1", "x != 1", "x = !1", "x = 1 & 2", "x = 1 | 2",
    "x = a ? b : c", "x += 1", "x++", "x--", "x = a // b", "x = a << 1", "x = @", "x = $", "x = `a`", "x = \\", "x = a:b", "x = a.b:c", "goto x", "::x::", "x = ...", "function f() return ... end",
    "function f() function g() x = ... end end", "x = function(...) return function() return ... end end", "continue", "x = function", "x = function(", "x = function()", "x = function() end end", "x = function f() end",
    "and", "or", "not", "in", "nil", "true", "false", "nil = 1", "true = 1", "local nil", "local end", "local and = 1", "x = nil.y", "x = nil()", "f 1", "f 'a' 1", "f {} 'a' 1", "f nil", "f true",
    "x = }", "x = ]", "]", "}", ")", ",", ";", ";;", "x = 1;; y = 2", ":", ".", "..", "...", "....", "#", "%", "+", "-", "*", "/", "^", "<", ">", "==", "~=", "<=", ">=", "(", "[", "{",
    "x = 1; ; y = 2", "do ; end", "f();;", "return;;", "return; ;",
    "x = 0x", "x = 0xg", "x = 0x1p4", "x = 1e", "x = 1e+", "x = 1e+x", "x = 1.2.3", "x = 1..", "x = 3x", "x = 3_000", "x = 0b1", "x = 1e5e5", "x = 08x", "x = .", "x = .e1", "x = 1ee1", "x = 0x.8", "x = 0x1.8", "x = 12abc",
    "x = 1.e", "x = 1e1.5", "x = 123 456", "x = 0xffgh",
    "x = 'a", "x = \"a", "x = 'a\nb'", "x = \"a\nb\"", "x = 'a\\", "x = 'a\\\n", "x = '\\300'", "x = '\\256'", "x = '\\999'", "x = [[a", "x = [==[a]=]", "x = [=a", "x = [=", "x = [==", "x = [a", "--[[ a", "--[==[ a ]=]", "x = [[a]] b", "x = 'a\\400b'",
    "x = 'long string that goes on and on and on and on and on and on and on and on and on and on and on and on",
    "x = [[long string\nover lines\n", "--[[ comment\nover lines\n",
    "f\n(1)", "x = f\n(1)", "f\n'a'", "local x = f\n(g)()", "f\n{}", "x = a\n.b\n(c)", "a\n= 1 b\n= 2 c\n= ", "\n\n\nx = =", "x = {\n1,\n2,\n3", "if x then\n\n\n", "function f()\n  if x then\n  \nend\n", "f(\n1,\n2\n", "x = (\n1\n",
    "while x do\n\n until", "for i = 1, 2\n\ndo\n x", "repeat\n x()\nend", "do\n\n\n)", "x = 1\ny =\nz = 3", "#!shebang", "#", "# x\ny = =", "a.b.c.d = = 1", "a[1][2].c = = 1", "local a <const> = 1", "x = \"\\xZZ\" y", "x = 'tab\there", "x = 'nul\\0' y", "x = 'cr\rlf'",
    "\xef\xbb\xbfx = 1", "x = \xe9", "\xe9 = 1", "x = '\xe9' \xe9", "x = a\0b", "x = '\x01\x02", "\x01", "x = 1 \x7f", "\x1bLua", "\x1bLuaQ\0\1\4\x08\4\x08\0",
]

WORKING = [
    "return 1;", "return", ";", "do return 1 end", "if true then return 1 end", "return (1)", "return ((('a')))", "x = 1 y = 2 return x, y", "return {1, 2; 3, n = 4;}.n", "return ({1, 2; 3, n = 4;}).n",
    "return #{n = 1, 2, 3, nil}", "return ('a'):upper()", "return ('%d'):format(7)", "return f", "local f = function(...) return ... end return f'a', f\"b\", f[[c]], (f{1})[1]", "return [[\na]]", "return [[\r\na]]", "return [==[\n]]]=]]==]", "return 'a\\\nb'", "return 'a\\\r\nb'",
    "return '\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"'", "return '\\65\\066\\0067'", "return '\\q\\w\\$'", "return '\\x41'", "return '\\z  a'", "return '\\u{41}'", "return '\\0a', #'\\0a'", "return \"it's\", 'say \"x\"'", "return 'a\\0b' == 'a\\0c'",
    "return 0x10, 0XfF, 0xA.5", "return 0xffffffff, 0x100000000, 0xffffffffffffffff, 0x1ffffffffffffffff", "return 1e3, 1E3, 1e+3, 1e-3, .5, 5., 5.e1, .5e1", "return 3e400, -3e400", "return 1e-400", "return 0x7fffffffffffffff, 9223372036854775807, 9223372036854775808",
    "return 2^53, 2^53 + 1, 9007199254740993", "return 0.1, 1/3, 100, 1e14, 1e15, 123456789012345, 1e100", "return 08, 010, 00.5", "--comment\nreturn 1", "--[[long]] return 1", "--[==[ long\n]] ]==] return 1", "--[==\nreturn 1", "--[ [\nreturn 1", "return 1 --[[x]]", "return --[[x]] 2", "#!/usr/bin/lua\nreturn 1", "# comment\nreturn 2", "return -2^2, 2^-2, -2^-2, 2^3^2", "return not nil == true, not (nil == true)", "return 1 .. 2 .. 3", "return 1 + 2 .. 3 + 4", "return 2 * 3 .. 4", "return 'a' .. 'b' == 'ab'", "return 1 < 2 == true", "return -1 .. ''", "return - - 1", "return not not 1", "return -'2'", "return - -'2'", "return #'abc' + 1", "return -#'abc'", "return 2^#'abc'", "return #'a' .. 'b'",
    "return 5 - 3 - 1, 2 ^ 2 ^ 3, 8 / 4 / 2, 7 % 4 % 2", "return 1 or error(), nil and error()", "return 1 == 1 ~= false", "local a <const> = 1", "local a = {f = function() return 1 end} return a.f(), a['f']()", "local a = {} function a.b() return 1 end function a:c() return self == a end return a.b(), a:c()", "local a = {b = {c = {}}} function a.b.c:d(x) return x, self == a.b.c end return a.b.c:d(5)", "return (function() return 1, 2 end)()", "return ((function() return 1, 2 end)())", "return {(function() return 1, 2 end)()}[1]", "return #{(function() return 1, 2 end)(), 5}", "return #{(function() return 1, 2 end)()}", "return #{((function() return 1, 2 end)())}",
    "local x = 1 do local x = 2 end return x", "local x = 1 local x = x + 1 return x", "local x, x = 1, 2 return x", "local function f(a, a) return a end return f(1, 2)", "a, b = 1 return a, b", "local a, b, c = (function() return 1, 2 end)() return a, b, c", "local a, b = ((function() return 1, 2 end)()) return a, b", "a, b, c = 0, (function() return 1, 2 end)() return a, b, c", "local i, t = 1, {} i, t[i] = i + 1, 20 return i, t[1], t[2]", "local a = {} a.x, a.y, a.x = 1, 2, 3 return a.x, a.y", "local a, b = 1, 2 a, b = b, a return a, b", "x = {[1] = 'a', 'b'} return x[1]", "x = {'b', [1] = 'a'} return x[1]", "x = {f = 1, ['f'] = 2} return x.f", "return {nil, nil, 3}[3]", "return (...)", "return ...", "return select('#', ...)", "local a, b = ... return a, b", "local and_ = 1 return and_", "return _VERSION", "local _ = 1 return _", "_G.x_1 = 5 return x_1", "while true do break end return 1", "while true do if true then break end end return 1", "repeat local x = 1 until x == 1 return 1", "repeat local done = true until done return 1", "local n = 0 repeat n = n + 1 local m = n if m == 3 then break end until false return n", "for i = 3, 1 do return i end return 'none'", "for i = 1, 3 do local i = i * 2 if i == 4 then return i end end",
    "for k, v in next, {10} do return k, v end", "for k in pairs{} do end return 'empty'", "for a, b, c, d in function(s, c) if not c then return 1, 2, 3, 4 end end do return a, b, c, d end", "goto = 1 return goto", "local continue = 1 return continue", "return function() end == nil", "f = function(x) return x end return f(f)(1)", "return (f or tostring)(1)", "local t = {} t[1], t[2], t.n = 1, 2 return t[1], t[2], t.n", "return 1;", "do local x <close> = 1 end",
]


def quoted(text):
    # A file with line breaks of its own cannot hold the others: everything unusual is escaped.
    out = []
    for byte in text.encode("latin-1"):
        char = chr(byte)
        if char in "\\'":
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append(f"\\{byte:03d}")
    return "'" + "".join(out) + "'"


def printable(text):
    return "".join(c if 32 <= ord(c) < 127 else f"<{ord(c):02x}>" for c in text).strip()


def unique(texts):
    seen = set()
    for text in texts:
        if text not in seen:
            seen.add(text)
            yield text


def cases():
    for source in unique(BROKEN):
        yield "syntax-errors", f"compile `{printable(source)}`", f"print(loadstring({quoted(source)}, '=c'))"
    for source in unique(WORKING):
        yield "syntax-programs", f"run `{printable(source)}`", f"local f, e = loadstring({quoted(source)}, '=c')\nif not f then print(e) else print(pcall(f, 'p', 'q', 'r')) end"
    names = ["=c", "=" + "n" * 100, "@file.lua", "@" + "d/" * 60 + "f.lua", "plain", "x = 1", "first\\nsecond", "\\nfirst", "", "=", "@", "a" * 100, "long " * 30 + "\\nmore", "with \\\"quotes\\\"", "a\\0b", "@user_script", "\\027"]
    for name in names:
        for what, body in [("compile", "x = = 1"), ("run", "error('e')"), ("call", "local x = nil; x()")]:
            yield "syntax-chunk-names", f"{what} a chunk named `{printable(name)[:50]}` ({len(name)})", f"""local f, e = loadstring("{body}", "{name}")
if not f then print(e) else print(pcall(f)) end"""
    for what, body in [("compile", "x = = 1"), ("run", "error('e')")]:
        for source in [body, "\\n" + body, "--" + "c" * 90 + "\\n" + body, body + " --" + "c" * 90]:
            yield "syntax-chunk-names", f"{what} an unnamed chunk `{source[:20]}` ({len(source)})", f"""local f, e = loadstring("{source}")
if not f then print(e) else print(pcall(f)) end"""
