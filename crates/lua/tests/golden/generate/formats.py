"""Numbers to text and back, and string.format's directives."""

VALUES = ["0", "-0", "1", "-1", "42", "-42", "1.5", "-1.5", "0.1", "123456789", "-123456789", "1e15", "1e16", "1e100", "1e-5", "2^31", "2^53", "-2^63",
          "1/0", "-1/0", "0/0", "3.14159265358979", "255", "65", "'7'", "'0x1f'"]
WIDE = {"1e100", "1/0", "-1/0", "0/0", "-2^63", "1e16", "1e15", "2^53", "2^31"}
FLAGS = ["", "5", "-5", "05", "+", " ", "#", "+5", "-05", "10.3", ".0", ".3", "+.2", "-8.4", "08.2", "# .3", "+ 6", "20", ".14", ".20"]
NUMERALS = ["0", "1", "-1", "+1", " 1", "1 ", " 1 ", "\\t1\\n", "1 1", "1x", "x", "", " ", "-", "+", "--1", "- 1", "1.", ".1", ".", "1.5", "-1.5", "1e5", "1E5", "1e+5", "1e-5", "1e", "1e+", "e5", "1.5e3",
            "0x10", "0X10", "0xff", "0xFF", "-0x10", "0x", "0xg", "0x1p4", "0x.8", "0x1.8", "1e400", "-1e400", "1e-400", "inf", "nan", "infinity", "-inf", "NaN", "Infinity", "nan(1)", "1_000", "1,000", "1\\0", "1\\0002", "\\0001",
            "0b1", "010", "00", "0.0000001", "123456789012345678901234567890", "99999999999999999999e-10", "1d", "1f", "1L", "0x10L", "١", "0e", "0e0", "1e5.5", "0x1e5", "0xe+1", "18446744073709551616", "0xfffffffffffffffff",
            "4.9e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "1.7976931348623159e308", "0.1e1", "  0x1F  ", "1 \\0", "\\v1\\f", "1e1000000", "1e-1000000", "1e99999999999999999999"]
BASED = ["0", "1", "10", "-10", "+10", "z", "Z", "zz", "7f", "7F", "9", "8", "2", "abc", "", " 10 ", " -ff ", "1.5", "1e1", "0x10", "10x", "11111111111111111111111111111111", "ffffffffffffffff", "fffffffffffffffff", "zzzzzzzzzzzzzzzzzzzzzz", "-1", "- 1", "1 0", "10\\0", "--1", "-zz"]
LITERALS = ["0", "1", "-1", "0.5", "1e1", "1e14", "1e15", "1e16", "123456789012", "12345678901234", "123456789012345", "1234567890123456", "0.1", "0.01", "0.001", "0.0001", "0.00001", "1/3", "2/3", "10/3", "100/3", "1e5/3", "1e13/3", "1e14/3", "1e15/3",
            "2^10", "2^31", "2^32", "2^53", "2^63", "2^64", "2^100", "2^1023", "2^1024", "2^-10", "2^-1074", "2^-1075", "-2^53", "1e100", "1e-100", "1e308", "1e309", "5e-324", "math.pi", "-math.pi", "math.pi * 1e10", "math.pi * 1e14", "math.huge", "-math.huge",
            "0/0", "-(0/0)", "0 * -1", "-0", "0 - 0", "1e15 + 0.5", "99999999999999", "999999999999999", "99999999999999.5", "9999999999999.95", "0.1 + 0.2", "0.3", "1 - 0.9", "1e21", "1e22", "1e23", "123e-7", "1.10", "100.0", "1e2", "0x7f", "3.0", "1e0", "5e-5", "12345.678", "-12345.678", "4.35", "4.349999999999999", "2.675", "1.005", "0.5e-6"]


def cases():
    for conversion in "diuoxXcfeEgGsq":
        for flags in FLAGS:
            directive = f"%{flags}{conversion}"
            lines = []
            for value in VALUES:
                if conversion in "diuoxXc" and value in WIDE and value not in ("2^31", "2^53", "1e15"):
                    continue  # The C cast's result is not defined.
                if conversion in "uoxX" and value.startswith("-"):
                    continue
                if conversion == "c" and value in ("2^31", "2^53", "1e15", "1e16"):
                    continue
                lines.append(f"print(pcall(string.format, '[{directive}]', {value}))")
            yield "format-directives", f"{directive} over values", "\n".join(lines)
        yield "format-directives", f"%{conversion} of every kind", "\n".join(
            f"print(pcall(function() return string.format('[%{conversion}]', {v}) end))" for v in
            ["nil", "true", "{}", "'abc'", "''", "'10'", "' 10 '", "'1e1'", "'a\\0b'", "'\"q\\\\\"\\n\\r\\t'", "'\\255\\1\\0012'", "newproxy()", "coroutine.create(function() end)"]) + f"\nprint(pcall(function() return string.format('%{conversion}') end))"
    for directive in ["%", "%%", "%y", "%h", "%l", "%ld", "%5", "%-", "%.", "%.5", "%123d", "%99d", "%100d", "%.99f", "%.100f", "%.123f", "%0005d", "%-----d", "%------d", "%+-# 0d", "%+-# 0+d", "%5.5.5d", "%5%", "%-%", "%$d", "%1$d", "%*d", "%n", "%p", "%a", "%A", "%F", "%C", "%S", "%D", "%\\0", "%z", "a%", "%d%", "%d%d", "%5c", "%-5c", "%.3s", "%5.1s", "%-5s|", "%05s", "%.0s", "%.s", "%99s", "%.99s", "%#q", "%5q", "%.3q", "%i", "%+i", "%u", "% d"]:
        yield "format-directives", f"directive `{directive}`", "\n".join(
            f"print(pcall(function() return string.format('{directive}', {a}) end))" for a in ["65", "'hello'", "65, 66", "nil"])
    for length in (0, 1, 99, 100, 101, 510, 511, 512, 513, 1000):
        yield "format-directives", f"strings of {length} bytes", f"""local s = ('x'):rep({length})
for _, d in ipairs{{'%s', '%5s', '%-5s', '%.5s', '%.99s', '%99s', '%q'}} do
  print(d, #string.format(d, s), string.format(d, s):sub(-6))
end
print(#string.format(s), #string.format('%s%s', s, s), #string.format(s .. '%s' .. s, s))"""
    for start in range(0, 256, 16):
        yield "format-quoted", f"%q of bytes {start} to {start + 15}", f"""for i = {start}, {start + 15} do
  local c = string.char(i)
  local q = string.format('%q', c) local after = string.format('%q', c .. '1')
  print(i, q, after, loadstring('return ' .. q)() == c, loadstring('return ' .. after)() == c .. '1')
end"""
    for literal in LITERALS:
        yield "number-output", f"print {literal}", f"""local n = {literal}
print(n, tostring(n), n .. '', string.format('%s', n), string.format('%.17g', n), #tostring(n))
print(tonumber(tostring(n)) == n, {literal})
print(table.concat{{n, ',', n}}, ({{[n == n and n or 'nan'] = 'found'}})[n])"""
    for numeral in NUMERALS:
        yield "number-input", f"convert `{numeral}`", f"""local s = '{numeral}'
print(tonumber(s), pcall(function() return s + 0 end))
print(pcall(function() return -s end))
print(pcall(function() return math.floor(s) end))
print(tonumber(s, 10), tonumber(s, 16), tonumber(s, 36))
for _, e in ipairs{{'', ' .. \"\"', ' + 1'}} do
  local f, m = loadstring('return ' .. s .. e, '=c')
  print(f and 'compiled', f and pcall(f) or m)
end""" if "\\0" not in numeral else f"""local s = '{numeral}'
print(tonumber(s), pcall(function() return s + 0 end))
print(tonumber(s, 10), tonumber(s, 16), tonumber(s, 36))"""
    for text in BASED:
        yield "number-input", f"convert `{text}` in each base", f"""local row = {{}}
for base = 2, 36 do row[#row + 1] = tostring(tonumber('{text}', base)) end
print(table.concat(row, ' '))"""
    for base in ("1", "0", "-1", "37", "2.5", "10.9", "'16'", "nil", "'x'", "{}", "2^40"):
        yield "number-input", f"tonumber with base {base}", "\n".join(
            f"print(pcall(function() return tonumber({v}, {base}) end))" for v in ["'10'", "10", "nil", "{}", "'z'", "1e15", "1.5", "true", "''"])
