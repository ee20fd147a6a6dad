"""What Redis's Lua adds: cjson, cmsgpack, struct, bit and its own math.random."""

HEX = "local function hex(s) return (s:gsub('.', function(c) return ('%02x '):format(c:byte()) end)) end\n"
UNHEX = "local function unhex(h) return (h:gsub('%s', ''):gsub('%x%x', function(x) return string.char(tonumber(x, 16)) end)) end\n"
DUMP = """local function dump(v, depth)
  depth = depth or 0
  if type(v) == 'table' and depth < 40 then
    local out = {}
    for k, e in pairs(v) do out[#out + 1] = '[' .. dump(k, depth + 1) .. ']=' .. dump(e, depth + 1) end
    return '{' .. table.concat(out, ',') .. '}'
  elseif type(v) == 'string' then return '"' .. v .. '"'
  elseif v == cjson.null then return 'null'
  elseif type(v) == 'userdata' then return 'userdata'
  else return tostring(v) end
end
"""

NUMBERS = ["0", "-0", "1", "-1", "0.5", "-1.5", "0.1", "1/3", "100", "127", "128", "255", "256", "-32", "-33", "-127", "-128", "-129", "32767", "32768", "-32768", "-32769", "65535", "65536", "2^31 - 1", "2^31", "2^32 - 1", "2^32", "-2^31", "-2^31 - 1", "2^53", "-2^53", "2^63", "-2^63", "2^64", "1e15", "1e16", "1e100", "1e-7", "3.14159265358979", "123456789.123", "1e308", "5e-324", "1/0", "-1/0", "0/0"]
STRINGS = ["''", "'a'", "'hello'", "'a\"b'", "'a\\\\b'", "'a/b'", "'\\n\\r\\t\\b\\f'", "'\\0'", "'\\1\\31\\127'", "'\\128\\255'", "'é✓'", "('x'):rep(31)", "('x'):rep(32)", "('x'):rep(255)", "('x'):rep(256)", "('x'):rep(65535)", "('x'):rep(65536)", "'\\u0041'", "'</script>'", "'123'"]
TABLES = ["{}", "{1, 2, 3}", "{{}, {}}", "{a = 1}", "{a = 1, b = 2, c = 3}", "{1, 2, x = 3}", "{1, nil, 3}", "{nil, nil, 3}", "{[1] = 1, [2] = 2, [4] = 4}", "{[5] = 5}", "{[10] = 10}", "{[11] = 11}", "{[1] = 1, [12] = 2}", "{[1000] = 1}", "{[0] = 0}", "{[-1] = 1}", "{[1.5] = 1}", "{[0.5] = 'x', 1}", "{true, false}", "{a = {b = {c = {}}}}", "{{1, {2, {3}}}}", "{id = 1, name = 'n', tags = {'a', 'b'}, ok = true}", "{['1'] = 'a', ['2'] = 'b'}", "{['a b'] = 1, [''] = 2}", "{[2^53] = 1}", "{[1e100] = 1}", "{[true] = 1}", "{[{}] = 1}", "{f = print}", "{1, 2, 3, nil, 5, nil, 7}", "{[2] = 'b', [1] = 'a'}", "{n = 0}", "setmetatable({}, {__index = {1, 2}})", "setmetatable({1}, {__tostring = function() return 't' end})", "{x = cjson.null}", "{cjson.null, 1}"]
OTHERS = ["nil", "true", "false", "print", "function() end", "coroutine.create(function() end)", "cjson.null"]

JSON = ["", " ", "{}", "[]", "[1,2,3]", "{\"a\":1}", "{\"a\":1,\"b\":[true,false,null]}", " [ 1 , 2 ] ", "\\n{\\t\"a\"\\r:\\n1}", "1", "-1", "0", "-0", "1.5", "1e5", "1E+5", "1e-5", "-1.5e-3", "01", "1.", ".5", "+1", "-", "1e", "0x10", "0xff", "inf", "-inf", "nan", "NaN", "Infinity", "-Infinity", "infinity", "INF", "Nan", "nul", "null", "true", "false", "tru", "True", "\"a\"", "\"\"", "\"a", "'a'", "\"a\\\\nb\"", "\"\\\\u0041\"", "\"\\\\u00e9\"", "\"\\\\u20ac\"", "\"\\\\ud83d\\\\ude00\"", "\"\\\\ud83d\"", "\"\\\\ude00\"", "\"\\\\ud83dx\"", "\"\\\\u12\"", "\"\\\\uzzzz\"", "\"\\\\x41\"", "\"\\\\/\\\\b\\\\f\\\\n\\\\r\\\\t\\\\\\\\\\\\\"\"", "\"\\t\"", "\"\\0\"", "\"\\n\"", "\"\\\\u0000\"", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{1:2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "[1] x", "[1][2]", "1 2", "//c\\n1", "[1]\\0", "{\"\":1}", "{\"1\":1,\"2\":2}", "[[[[]]]]", "[null]", "[null,null,3]", "{\"a\":null}", "[1e400]", "[-1e400]", "[1e-400]", "[123456789012345678901234567890]", "[9007199254740993]", "[0.1,0.2,0.30000000000000004]", "[1,2.50,3.000]", "\"\\128\"", "\"é\"", "\\239\\187\\191[1]", "{\"z\":1,\"y\":2,\"x\":3,\"w\":4,\"v\":5,\"u\":6,\"t\":7,\"s\":8,\"r\":9}", "{\"id\":5,\"name\":\"n\",\"list\":[1,2],\"nested\":{\"k\":\"v\"}}", "[1,\"a\",true,null,{\"b\":[]}]", "nullx", "[nulll]", "[truefalse]", "[1e5.5]", "[--1]", "[1-2]", "[0123]", "[-012]", "[1.2.3]", "#", "[\"\\\\\"]", "\"\\\\", "{\"a\":}", "{:1}", "[:]", "(1)", "[1;2]"]

MSGPACK = ["", "00", "7f", "80", "90", "a0", "c0", "c1", "c2", "c3", "c4", "c4 00", "c4 03 61 62 63", "c5 00 01 61", "c6 00 00 00 01 61", "c7 01 00 61", "c8 00 01 00 61", "ca 3f 80 00 00", "ca 7f 80 00 00", "ca 7f c0 00 00", "cb 3f f0 00 00 00 00 00 00", "cb 7f f0 00 00 00 00 00 00", "cb ff f8 00 00 00 00 00 00", "cc ff", "cc", "cd ff ff", "cd ff", "ce ff ff ff ff", "cf ff ff ff ff ff ff ff ff", "cf 00 20 00 00 00 00 00 01", "d0 ff", "d0 80", "d1 80 00", "d2 80 00 00 00", "d3 80 00 00 00 00 00 00 00", "d3 7f ff ff ff ff ff ff ff", "d4 00 61", "d5 00 61 62", "d6 00 61 62 63 64", "d7 00", "d8 00", "d9 01 61", "d9 05 61", "da 00 01 61", "db 00 00 00 01 61", "db ff ff ff ff", "dc 00 01 01", "dc 00 02 01", "dd 00 00 00 01 01", "dd ff ff ff ff 01", "de 00 01 a1 61 01", "de 00 01", "df 00 00 00 01 a1 61 01", "df ff ff ff ff", "e0", "ff", "81 a1 61 01", "81 a1 61", "81 c0 01", "82 a1 61 01 a1 61 02", "91 c0", "92 c0 01", "93 01 02", "91 91 91 91", "a1 61", "a1", "01 02 03", "81 01 02", "81 cb 7f f8 00 00 00 00 00 00 01", "82 01 a1 61 02 a1 62", "c0 c0"]

STRUCT_PACKS = [("b", "-1"), ("B", "255"), ("h", "-2"), ("H", "65535"), ("i", "-3"), ("I", "7"), ("l", "-4"), ("L", "9"), ("T", "5"), ("f", "1.5"), ("d", "1.5"), ("s", "'abc'"), ("c", "'abc'"), ("c2", "'abc'"), ("c3", "'abc'"), ("c4", "'abc'"), ("c0", "'abc'"), ("Bc0", "3, 'abc'"), ("Lc0", "3, 'abc'"), ("x", ""), ("xx", ""), ("bxb", "1, 2"), (">h", "258"), ("<h", "258"), ("=h", "258"), (">i", "16909060"), ("<i", "16909060"), (">l", "1"), (">d", "1"), (">f", "1"), ("i1", "-1"), ("i2", "-1"), ("i3", "1"), ("i4", "-1"), ("i8", "-1"), ("i16", "-1"), ("i32", "1"), ("i33", "1"), ("i0", "1"), ("I1", "255"), ("I2", "65535"), ("I4", "2^32 - 1"), ("I8", "2^53"), (">I3", "1"), ("!bi", "1, 2"), ("!4bi", "1, 2"), ("!2bi", "1, 2"), ("!8bd", "1, 2"), ("!1bi", "1, 2"), ("!3b", "1"), ("!16b", "1"), ("!0b", "1"), ("! b i", "1, 2"), ("bhil", "1, 2, 3, 4"), (">bhil", "1, 2, 3, 4"), ("!bhild", "1, 2, 3, 4, 5"), (">!4bhi", "1, 2, 3"), ("ss", "'a', 'b'"), ("s", "'a\\0b'"), ("b", "300"), ("B", "-1"), ("B", "256"), ("b", "1.7"), ("b", "'12'"), ("b", "'x'"), ("b", ""), ("b", "nil"), ("b", "{}"), ("s", "12"), ("s", "nil"), ("z", "1"), ("y", "1"), ("", ""), (" ", ""), ("b", "1, 2"), ("d", "1/0"), ("d", "0/0"), ("f", "1e300"), ("f", "0.1"), ("I4", "2^32"), ("I4", "-1"), ("H", "70000"), ("L", "2^63"), ("l", "-2^63"), ("c-1", "'a'"), ("i99999999999", "1"), ("c99999999", "'a'"), (">>b", "1"), ("<>b", "1"), ("b b  b", "1, 2, 3"), ("hc0", "2, 'ab'"), ("c0", "''"), ("sc2", "'a', 'bc'"), ("x>hx<h", "1, 2"), ("!4 b x i", "1, 2"), ("n", "1"), ("%d", "1"), ("i4!b", "1, 2")]

STRUCT_UNPACKS = [("b", "ff"), ("B", "ff"), ("h", "01 02"), (">h", "01 02"), ("H", "ff ff"), ("i", "ff ff ff ff"), ("I", "ff ff ff ff"), ("l", "01 00 00 00 00 00 00 00"), ("L", "ff ff ff ff ff ff ff ff"), ("f", "00 00 c0 3f"), ("d", "00 00 00 00 00 00 f8 3f"), (">d", "3f f8 00 00 00 00 00 00"), ("s", "61 62 00 63"), ("s", "61 62"), ("c2", "61 62 63"), ("c", "61"), ("c4", "61 62 63"), ("Bc0", "02 61 62 63"), ("Bc0", "05 61"), ("c0", "61"), ("Lc0", "01 00 00 00 00 00 00 00 61"), ("bc0", "ff 61"), ("x", "61"), ("xb", "61 62"), ("b", ""), ("h", "01"), ("bb", "01"), ("", ""), ("ss", "61 00 62 00"), ("i3", "01 02 03"), ("I3", "ff ff ff"), ("i3", "ff ff ff"), ("i8", "00 00 00 00 00 00 00 80"), ("i16", "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"), ("!bi", "01 00 00 00 02 00 00 00"), ("!4bi", "01 00 00 00 02 00 00 00"), ("!2bi", "01 00 02 00 00 00"), (">I2<I2", "01 02 01 02"), ("z", "61"), ("dc0", "00 00 00 00 00 00 00 40 61 62"), ("fc0", "00 00 00 40 61 62"), ("sc0", "61 00 62"), ("bbbb", "01 02 03 04"), ("i4i4", "01 00 00 00 02 00 00 00 03")]

BITS = ["0", "1", "-1", "2", "255", "0x7fffffff", "0x80000000", "0xffffffff", "0x12345678", "2^32", "2^32 + 1", "-2^31", "2^53", "-2^53", "1e15", "1e100", "0.5", "1.5", "2.5", "-0.5", "-1.5", "'7'", "'0x10'", "'x'", "nil", "{}", "1/0", "0/0"]


def cases():
    for kinds, values in (("number", NUMBERS), ("string", STRINGS), ("table", TABLES), ("other", OTHERS)):
        for value in values:
            big = "print(#s)" if "rep(6" in value else "print(s)"
            yield "cjson-encode", f"encode {kinds} {value}", f"""local ok, s = pcall(cjson.encode, {value})
if ok then {big} else print('error', s) end
ok, s = pcall(cjson.encode, {{{value}}})
if ok then {big} else print('error', s) end
ok, s = pcall(cjson.encode, {{k = {value}}})
if ok then {big} else print('error', s) end"""
            yield "cmsgpack-pack", f"pack {kinds} {value}", HEX + DUMP + f"""local ok, s = pcall(cmsgpack.pack, {value})
if not ok then print('error', s) return end
print(#s, hex(s:sub(1, 64)))
local back = cmsgpack.unpack(s)
print(#s < 300 and dump(back) or type(back))"""
    for text in JSON:
        yield "cjson-decode", f"decode `{text}`", DUMP + f"""local ok, v = pcall(cjson.decode, '{text.replace("'", chr(92) + "'")}')
if ok then print(dump(v)) else print('error', v) end"""
    for data in MSGPACK:
        yield "cmsgpack-unpack", f"unpack `{data}`", UNHEX + DUMP + f"""local s = unhex('{data}')
local function show(ok, ...)
  local out = {{}}
  for i = 1, select('#', ...) do out[i] = dump((select(i, ...))) end
  print(ok, table.concat(out, ' '))
end
show(pcall(cmsgpack.unpack, s))
show(pcall(cmsgpack.unpack_one, s))
show(pcall(cmsgpack.unpack_one, s, 1))
show(pcall(cmsgpack.unpack_limit, s, 1))
show(pcall(cmsgpack.unpack_limit, s, 2, 0))"""
    for number, (form, values) in enumerate(STRUCT_PACKS, 1):
        arguments = f", {values}" if values else ""
        yield "struct-pack", f"pack `{form}` of {values or 'nothing'} ({number})", HEX + f"""local ok, s = pcall(function() return struct.pack('{form}'{arguments}) end)
print(ok, ok and hex(s) or s)
print(pcall(struct.size, '{form}'))
if ok then print(pcall(struct.unpack, '{form}', s)) end"""
    for number, (form, data) in enumerate(STRUCT_UNPACKS, 1):
        yield "struct-unpack", f"unpack `{form}` from `{data}` ({number})", UNHEX + f"""local s = unhex('{data}')
print(pcall(struct.unpack, '{form}', s))
print(pcall(struct.unpack, '{form}', s, 2))
print(pcall(struct.unpack, '{form}', s, 100))
print(pcall(function() return struct.unpack('{form}', s, 0) end))"""
    for name in ("tobit", "bnot", "bswap", "tohex"):
        yield "bit", f"bit.{name} of special values", "\n".join(
            f"print(pcall(function() return bit.{name}({v}) end))" for v in BITS) + f"\nprint(pcall(bit.{name}))"
    for name in ("band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "tohex"):
        for value in BITS[:13] + ["1.5", "'7'", "nil"]:
            yield "bit", f"bit.{name} of {value} and others", "\n".join(
                f"print(pcall(function() return bit.{name}({value}, {other}) end))" for other in (BITS[:9] + ["4", "31", "32", "33", "-8", "2.5", "'3'", "nil"]))
    for seed in ("0", "1", "42", "-1", "2^31", "2^32", "2^53", "1.5", "'7'", "1e15", "123456789"):
        yield "random", f"math.random after seed {seed}", f"""math.randomseed({seed})
for i = 1, 5 do print(string.format('%.17g', math.random())) end
for _, n in ipairs{{1, 2, 10, 100, 2^31 - 1}} do print(math.random(n), math.random(n)) end
for _, r in ipairs{{{{0, 1}}, {{-5, 5}}, {{10, 10}}, {{1, 1000000}}, {{-2^31, 2^31 - 1}}}} do print(math.random(r[1], r[2]), math.random(r[1], r[2])) end
print(pcall(math.random, 0)) print(pcall(math.random, 2, 1)) print(pcall(math.random, 1, 2, 3)) print(pcall(math.random, 'x'))"""
