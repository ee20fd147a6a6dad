"""Every function of Redis's libraries with every kind of argument in every position, and with too few or many."""

import calls
from redis_libraries import DUMP, HEX

KINDS = [
    ("nil", "nil"), ("true", "true"), ("false", "false"), ("0", "0"), ("1", "1"), ("-1", "-1"), ("1.5", "1.5"), ("negative zero", "-0"),
    ("numeric string", "'10'"), ("padded numeric string", "' 3 '"), ("hexadecimal string", "'0x1F'"), ("word", "'abc'"), ("empty string", "''"),
    ("string with zeros", "'a\\0b'"), ("number and a zero", "'1\\0'"), ("option and a zero", "'on\\0x'"), ("long string", "('w'):rep(300)"),
    ("table", "{}"), ("list", "{3, 1, 2}"), ("map", "{a = 1}"), ("function", "tostring"), ("Lua function", "function(...) return ... end"),
    ("thread", "coroutine.create(function() end)"), ("userdata", "cjson.null"),
    ("table with __index", "setmetatable({}, {__index = function(t, k) return type(k) == 'number' and k < 4 and k or nil end})"),
    ("huge", "1e300"), ("nan", "0/0"), ("infinity", "1/0"), ("-infinity", "-1/0"), ("2^31", "2^31"), ("-2^31", "-2^31"), ("2^53", "2^53"),
]

# name, valid arguments
FUNCTIONS = [
    ("cjson.encode", ["{1, 'a'}"]),
    ("cjson.decode", ["'[1, {}]'"]),
    ("cjson.new", []),
    ("cjson.encode_sparse_array", ["true", "2", "10"]),
    ("cjson.encode_max_depth", ["5"]),
    ("cjson.decode_max_depth", ["5"]),
    ("cjson.encode_number_precision", ["5"]),
    ("cjson.encode_keep_buffer", ["false"]),
    ("cjson.encode_invalid_numbers", ["true"]),
    ("cjson.decode_invalid_numbers", ["false"]),
    ("cmsgpack.pack", ["1", "'a'"]),
    ("cmsgpack.unpack", ["'\\1\\2'"]),
    ("cmsgpack.unpack_one", ["'\\1\\2'", "0"]),
    ("cmsgpack.unpack_limit", ["'\\1\\2\\3'", "1", "0"]),
    ("struct.pack", ["'i'", "1"]),
    ("struct.size", ["'ih'"]),
    ("struct.unpack", ["'i1i1'", "'abc'", "1"]),
    ("struct.unpack", ["'Bc0'", "'\\2abc'", "1"]),
] + [("bit." + name, ["5"]) for name in ("tobit", "bnot", "bswap")] + [
    ("bit." + name, ["5", "3"]) for name in ("band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "tohex")]

SHOW = HEX + DUMP + """local function word(v)
  if type(v) == 'string' and v:find('[^ -~]') then return '<' .. hex(v) .. '>' end
  return dump(v)
end
""" + calls.SHOW

LETTERS = ["b", "B", "h", "H", "l", "L", "T", "i", "I", "i1", "I2", "i4", "I8", "f", "d", "s", "c0", "c3", "x", "!i", ">I", "<h", "Bc0"]


def line(function, label, arguments):
    call = f"{function}({', '.join(arguments)})"
    if function == "cjson.new":
        call = f"type({call})"
    return calls.line(label, call)


def name_of(function, valid):
    return f"{function}({', '.join(valid)})"


def cases():
    for function, valid in FUNCTIONS:
        file = "arguments-" + function.split(".")[0]
        name = name_of(function, valid)
        yield file, f"{name}: number of arguments", "\n".join([SHOW] + calls.of_every_count(line, function, valid))
        for position in range(max(len(valid), 1)):
            lines = [SHOW] + calls.of_every_kind(line, function, valid, position, KINDS)
            yield file, f"{name}: argument {position + 1} of every kind", "\n".join(lines)
        if len(valid) > 1:
            lines = [SHOW] + [line(function, kind, [value] * len(valid)) for kind, value in KINDS]
            yield file, f"{name}: all arguments of the same kind", "\n".join(lines)
        library, field = function.split(".")
        if function == "cjson.new":
            continue
        yield file, f"{name}: errors when called by pcall, through a local, a field and a method", f"""{SHOW}
local f = {function}
local object = {{m = f, n = {{o = f}}}}
show('pcall', pcall(f))
show('local', pcall(function() local x = f(nil, nil, nil) return x end))
show('field', pcall(function() local x = object.m(nil, nil, nil) return x end))
show('nested field', pcall(function() local x = object.n.o(nil) return x end))
show('method', pcall(function() local x = object:m(nil) return x end))
show('method of the library', pcall(function() local x = {library}:{field}(nil) return x end))
show('tail call', pcall(function() return f(nil) end))"""
    for letters in LETTERS:
        lines = [SHOW]
        for kind, value in KINDS:
            lines.append(line("struct.pack", kind, [f"'{letters}'", value]))
            if letters == "Bc0":
                lines.append(line("struct.pack", f"2, {kind}", [f"'{letters}'", "2", value]))
        yield "arguments-struct", f"struct.pack of `{letters}` with every kind", "\n".join(lines)
    for kind, value in KINDS:
        yield "arguments-cmsgpack", f"cmsgpack.pack of {kind} in a list, as a field and as a key", SHOW + f"""
show('list', pcall(function() return cmsgpack.pack({{{value}, {value}}}) end))
show('field', pcall(function() return cmsgpack.pack({{a = {value}}}) end))
show('key', pcall(function() return cmsgpack.pack({{[{value}] = 1}}) end))
show('many', pcall(function() return cmsgpack.pack({value}, {value}, {value}) end))"""
        yield "arguments-cjson", f"cjson.encode of {kind} in a list, as a field and as a key", SHOW + f"""
show('list', pcall(function() return cjson.encode({{{value}, {value}}}) end))
show('field', pcall(function() return cjson.encode({{a = {value}}}) end))
show('key', pcall(function() return cjson.encode({{[{value}] = 1}}) end))"""
