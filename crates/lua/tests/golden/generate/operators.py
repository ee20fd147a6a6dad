"""Every operator on every pair of kinds, and how errors name the operand."""

KINDS = [
    ("nil", "nil"),
    ("true", "true"),
    ("false", "false"),
    ("zero", "0"),
    ("fraction", "-1.5"),
    ("numeric string", "'10'"),
    ("hex string", "' 0x1F '"),
    ("word", "'abc'"),
    ("empty string", "''"),
    ("table", "{}"),
    ("function", "function() end"),
    ("thread", "coroutine.create(function() end)"),
    ("userdata", "newproxy()"),
]

BINARY = [
    ("add", "+"), ("subtract", "-"), ("multiply", "*"), ("divide", "/"), ("modulo", "%"),
    ("power", "^"), ("concat", ".."), ("equal", "=="), ("differ", "~="), ("less", "<"),
    ("less or equal", "<="), ("greater", ">"), ("greater or equal", ">="), ("and", "and"),
    ("or", "or"),
]

PRINT = """local function show(ok, value)
  if type(value) ~= 'string' and type(value) ~= 'number' and type(value) ~= 'boolean' then value = type(value) end
  print(ok, value)
end"""

ACCESS = [
    ("local", "local x = {v}", "x"),
    ("upvalue", "local u = {v}", "u"),
    ("global", "g = {v}", "g"),
    ("field", "local t = {{f = {v}}}", "t.f"),
    ("nested field", "local t = {{a = {{b = {v}}}}}", "t.a.b"),
    ("indexed by a number", "local t = {{{v}}}", "t[1]"),
    ("indexed by a local", "local t, k = {{f = {v}}}, 'f'", "t[k]"),
    ("global field", "g = {{f = {v}}}", "g.f"),
    ("result of a call", "local function r() return {v} end", "r()"),
    ("in parentheses", "local x = {v}", "(x)"),
]

USES = [
    ("negated", "return -({e})"),
    ("added to", "return {e} + 1"),
    ("added", "return 2 + {e}"),
    ("divided by a local", "local d = 3; return {e} / d"),
    ("concatenated", "return {e} .. 'x'"),
    ("concatenated right", "return 'x' .. {e}"),
    ("concatenated between", "return 'a' .. {e} .. 'b'"),
    ("compared", "return {e} < 1"),
    ("compared with its like", "return {e} < {e}"),
    ("measured", "return #({e})"),
    ("indexed", "return ({e}).y"),
    ("indexed by number", "return ({e})[1]"),
    ("indexed by nil", "return ({e})[nil]"),
    ("called", "({e})()"),
    ("called for a value", "local r = ({e})(1, 2); return r"),
    ("tail called", "return ({e})(1)"),
    ("method called", "return ({e}):m(1)"),
    ("index assigned", "local z = {e}; z.y = 1"),
    ("index assigned directly", "{p}.y = 1"),
    ("index by nil assigned", "local z = {e}; z[nil] = 1"),
    ("used as a for start", "for i = {e}, 2 do return i end"),
    ("used as a for limit", "for i = 1, {e} do return i end"),
    ("used as a for step", "for i = 1, 2, {e} do return i end"),
    ("used as an iterator", "for i in {e} do return i end"),
]


def cases():
    for name, op in BINARY:
        for left_name, left in KINDS:
            lines = [PRINT, f"local a = {left}"]
            for _, right in KINDS:
                lines.append(f"do local b = {right}; show(pcall(function() return a {op} b end)) end")
            yield "operators-binary", f"{name}: {left_name} and every kind", "\n".join(lines)
    constants = [(n, v) for n, v in KINDS if n not in ("thread", "userdata")]
    for name, op in BINARY:
        for left_name, left in constants:
            lines = [PRINT]
            for _, right in constants:
                source = f"return ({left}) {op} ({right})".replace("'", "\\'")
                lines.append(f"show(pcall(loadstring('{source}', '=c')))")
            yield "operators-constants", f"{name}: constant {left_name} and every kind", "\n".join(lines)
    for op_name, op in [("minus", "-"), ("not", "not "), ("length", "#"), ("double minus", "- -"), ("not not", "not not ")]:
        lines = [PRINT]
        for kind_name, value in KINDS:
            lines.append(f"do local v = {value}; show(pcall(function() return {op}v end)) end")
            lines.append(f"show(pcall(function() return {op}({value}) end))")
        yield "operators-unary", f"{op_name} on every kind", "\n".join(lines)
    for use_name, use in USES:
        for access_name, setup, expression in ACCESS:
            lines = [PRINT]
            for _, value in KINDS:
                body = use.format(e=expression, p=expression)
                if "{p}" in use and expression in ("r()", "(x)"):
                    body = f"({expression}).y = 1"
                setup_text = setup.format(v=value)
                if access_name in ("upvalue",):
                    lines.append(f"do {setup_text}; show(pcall(function() {body} end)) end")
                else:
                    lines.append(f"show(pcall(function() {setup_text}; {body} end))")
            yield "operators-names", f"{use_name}: {access_name}", "\n".join(lines)
