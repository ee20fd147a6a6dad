"""Patterns against subjects, through find, match, gmatch and gsub."""

PATTERNS = [
    "", "a", "abc", ".", "..", ".*", ".+", ".-", ".?", "a*", "a+", "a-", "a?", "a*b", "a-b", "a+b", "a?b", "^a", "^a*", "^", "$", "^$", "a$", "^abc$", "^.*$", ".-$", "a^", "^^a", "$a", "a$b", "%^", "%$", "b*$", "^b*",
    "[abc]", "[^abc]", "[a-c]", "[^a-c]", "[a-]", "[-a]", "[]a]", "[^]a]", "[a]]", "[%]]", "[%a]", "[%a%d]", "[^%s]", "[%w_]+", "[a-z]+", "[A-Z]", "[0-9]+", "[%-x]", "[a%-z]", "[^^]", "[%^]", "[.]", "[$]", "[a-%d]", "[%a-z]", "[z-a]", "[a-a]", "[+--]", "[]]", "[^]]", "[%", "[", "[a", "[^", "[]", "[^]", "[a-", "[%a", "[]-a]", "[\\0]", "[\\1-\\255]", "[%z]", "[^%z]",
    "%a+", "%A+", "%d+", "%D+", "%l+", "%L+", "%s+", "%S+", "%u+", "%U+", "%w+", "%W+", "%x+", "%X+", "%p+", "%P+", "%c+", "%C+", "%z", "%Z+", "%g+", "%q", "%%", "%.", "%", "a%", "%[", "%]", "%(", "%)", "%-", "%*", "%+", "%?", "%_", "%\\0", "%b", "%b(", "%b()", "%bxx", "%b[]", "%bab", "%b()%b[]", "(%b())", "%f", "%f[%a]", "%f[%a]%a+", "%a+%f[%A]", "%f[^%a]", "%f[%z]", "%f[^%z]", "%fa", "%f[", "%f[a",
    "(a)", "(a*)", "(.)(.)", "()", "a()", "()a()", "(a)(b)(c)", "((a)(b))", "(a*(.)%2)", "(.)%1", "(.-)%1", "(%a+)%s*=%s*(%d+)", "^(%a)", "(%a)$", "(a", "a)", "((a)", "(a))", ")", "(", "%1", "(%1)", "(a)%2", "(a)%0", "(a%1)", "(a)%1", "%9", "(x?)%1", "(()())", "(.*)(.*)", "(.-)(.-)", "(.+)(.+)", "(.-)b", "(.*)b", "(%w+)", "([^,]*),?", "([^,]+)", "(%d+)%-(%d+)", "(%s*)(.-)(%s*)$", "^%s*(.-)%s*$", "%d%d%d", "x*", "x-", "x+", "x?", "x*y", "a.c", "a..", "a\\0c", "\\0", "\\0+", "[^\\0]+", "\\255", "[\\128-\\255]+", "é", "a**", "a*+", "a++", "a+-", "a--", "a-?", "a??", "*a", "+a", "?a", "-a", "**", "%a*%d?", "(a?)(b?)(c?)", "a?a?a?aaa", "(a+)(a+)", "[%w%p]+", "[%]%[]", "[^%d%s]+", "%x%x", "0x(%x+)", "%$(%w+)", "(['\\\"])(.-)%1", "\\n", "[^\\n]*\\n?", "%s$", ".-%.", "[%.,]", "%w+@%w+%.%w+", "()%w+()",
]

SUBJECTS = ["", "a", "abc", "aaab", "abcabc", "hello world 123", "key = 42, other=7", "(a(b)c)[d]", "x\\0y\\0", "a\\0c", "\\n\\t line\\n", "ABC def_G.h", "'q' \\\"q\\\" $v ^%", "aabbcc11", "\\128\\255é", "me@host.org 12-34 0xBEEF"]

REPLACEMENTS = ["'x'", "''", "'<%0>'", "'<%1>'", "'%2%1'", "'%%'", "'%'", "'%9'", "'%a'", "'\\0'", "12", "1.5", "{a = 'A', b = 7, c = false}", "{[1] = 'n'}", "setmetatable({}, {__index = function(_, k) return '[' .. k .. ']' end})",
                "function(...) return select('#', ...) end", "function(a) return nil end", "function(a) return false end", "function(a, b) return b end", "function() return {} end", "function() return true end", "{a = {}}", "{a = true}", "string.upper", "nil", "true", "function() error('in callback') end", "function() error({}) end", "('%1'):rep(20)"]


def cases():
    for pattern in PATTERNS:
        subjects = ", ".join(f"'{s}'".replace("''q'", "'\\'q\\'").replace("q\\' ", "q\\' ") for s in SUBJECTS)
        pattern_text = pattern.replace("'", "\\'")
        yield "patterns", f"pattern `{pattern}`", f"""local p = '{pattern_text}'
for _, s in ipairs{{{subjects}}} do
  print(pcall(string.find, s, p))
  print(pcall(string.match, s, p, 2))
  print(pcall(string.gsub, s, p, '<%0>'))
end
local s = 'abc aab (b) =1'
print(pcall(function() local out = '' for a, b in s:gmatch(p) do out = out .. '{{' .. tostring(a) .. ',' .. tostring(b) .. '}}' end return out end))
print(pcall(string.find, s, p, -3), pcall(string.find, s, p, 1, true))"""
    for replacement in REPLACEMENTS:
        for pattern in ("%w", "(%w)(%w)", "()", "", "b*", "^a", "(a)|"):
            yield "patterns-gsub", f"gsub `{pattern}` by {replacement[:60]}", f"""print(pcall(function() return string.gsub('abc b', '{pattern}', {replacement}) end))
print(pcall(function() return string.gsub('abc b', '{pattern}', {replacement}, 1) end))
print(pcall(function() return (string.gsub('', '{pattern}', {replacement})) end))"""
    for limit in ("0", "1", "2", "-1", "100", "1.9", "'2'", "nil", "2^31", "1/0"):
        yield "patterns-gsub", f"gsub limited to {limit}", f"""print(pcall(function() return string.gsub('aaaa', 'a', 'b', {limit}) end))
print(pcall(function() return string.gsub('aaaa', '', '-', {limit}) end))
print(pcall(function() return string.gsub('aaaa', '^a', '-', {limit}) end))"""
    for start in range(-5, 7):
        yield "patterns-positions", f"searches from {start}", f"""for _, s in ipairs{{'', 'a', 'aba', 'abab'}} do
  print(s:find('a', {start}), s:find('a', {start}, true))
  print(s:find('', {start}), s:find('', {start}, true))
  print(s:find('^a', {start}), s:match('()b', {start}), s:match('^(.)', {start}))
  print(s:find('a*', {start}), s:find('$', {start}), s:match('.-b', {start}))
end"""
        for stop in range(-4, 6):
            if start == stop or (start + stop) % 3 == 0:
                yield "patterns-positions", f"sub and byte from {start} to {stop}", f"""for _, s in ipairs{{'', 'x', 'xyz'}} do
  print('[' .. s:sub({start}, {stop}) .. ']', s:byte({start}, {stop}))
end
print(('abc'):sub({start}), ('abc'):byte({start}))"""
