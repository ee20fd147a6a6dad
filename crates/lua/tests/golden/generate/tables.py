"""The order of pairs and the value of `#` after many sequences of operations."""

import random

DUMP = """local function dump(t)
  local out = {}
  for k, v in pairs(t) do out[#out + 1] = tostring(k) .. '=' .. tostring(v) end
  print(#t, table.concat(out, ' '))
end"""

WORDS = "id name type status count total price user key value score time state data list index size owner created updated a b c d e f x y z k1 k2 k3 alpha beta gamma delta".split()


def key(rng, style):
    if style == "strings":
        return repr(rng.choice(WORDS))
    if style == "short":
        return f"'k{rng.randrange(60)}'"
    if style == "list":
        return str(rng.randrange(1, 20))
    if style == "integers":
        return str(rng.randrange(-50, 1000))
    if style == "sparse":
        return str(2 ** rng.randrange(0, 40) + rng.randrange(2))
    if style == "floats":
        return str(rng.choice([0.5, 1.5, -0.5, 2.25, 1e10, 1e100, -3.75, 0.1, 123456.789, 1e-5, 2.0 ** 53, 1e15, -7, 3, 0]))
    if style == "booleans":
        return rng.choice(["true", "false", "1", "2", "'true'"])
    if style == "long":
        return f"('{rng.choice(WORDS)}'):rep({rng.randrange(1, 30)})"
    return key(rng, rng.choice(["strings", "short", "list", "integers", "sparse", "floats", "booleans"]))


def cases():
    rng = random.Random(51)
    for style in ("strings", "short", "list", "integers", "sparse", "floats", "booleans", "long", "mixed"):
        for number in range(1, 9):
            lines = [DUMP, "local t = {}"]
            for _ in range(rng.randrange(3, 12) * number):
                lines.append(f"t[{key(rng, style)}] = {rng.randrange(100) if rng.random() < 0.8 else 'nil'}")
                if rng.random() < 0.08:
                    lines.append("dump(t)")
            lines.append("dump(t)")
            yield "tables-assigned", f"{style} keys set and removed, sequence {number}", "\n".join(lines)
    for number in range(1, 41):
        items = []
        for _ in range(rng.randrange(1, 4 + number)):
            kind = rng.random()
            if kind < 0.4:
                items.append(str(rng.randrange(100)) if rng.random() < 0.85 else "nil")
            elif kind < 0.7:
                items.append(f"{rng.choice(WORDS)} = {rng.randrange(100)}")
            else:
                items.append(f"[{key(rng, 'mixed')}] = {rng.randrange(100)}")
        tail = rng.choice(["", "", "", ", unpack{7, 8, 9}", ", (unpack{7, 8})", ", nil", ", unpack{}", ", ..."])
        more = "\n".join(f"t[{key(rng, 'mixed')}] = {rng.choice(['nil', 'true', 5])}" for _ in range(rng.randrange(6)))
        yield "tables-constructed", f"constructor {number}", f"{DUMP}\nlocal t = {{{', '.join(items)}{tail}}}\ndump(t)\n{more}\ndump(t)"
    for size in list(range(0, 18)) + [31, 32, 33, 63, 64, 65, 127, 128, 129]:
        yield "tables-constructed", f"a list of {size} grows by one and one key", f"""{DUMP}
local t = {{{', '.join(str(i) for i in range(1, size + 1))}}}
t[#t + 1] = 'last' dump(t)
t.key = true t[-1] = 'minus' dump(t)
t[1] = nil dump(t)"""
        yield "tables-constructed", f"a record of {size} fields grows by one", f"""{DUMP}
local t = {{{', '.join(f'f{i} = {i}' for i in range(1, size + 1))}}}
dump(t) t.more = 1 dump(t) t.f1 = nil t[1] = 'one' dump(t) t.other = 2 dump(t)"""
    for number in range(1, 41):
        size = rng.randrange(1, 24)
        lines = [f"local t = {{{', '.join(rng.choice(['1', '1', 'nil']) for _ in range(size))}}}", "local out = {#t}"]
        for _ in range(rng.randrange(2, 14)):
            place = rng.randrange(1, size + 6)
            lines.append(f"t[{place}] = {rng.choice(['nil', '1', 'nil'])} out[#out + 1] = #t")
        lines.append("print(table.concat(out, ' '))")
        yield "tables-length", f"length with holes, constructed, sequence {number}", "\n".join(lines)
    for number in range(1, 41):
        lines = ["local t = {}", "local out = {}"]
        top = rng.choice([6, 12, 20, 40])
        for _ in range(rng.randrange(5, 40)):
            lines.append(f"t[{rng.randrange(1, top)}] = {rng.choice(['nil', '1', '1'])} out[#out + 1] = #t")
        lines.append("print(table.concat(out, ' '))")
        yield "tables-length", f"length with holes, assigned, sequence {number}", "\n".join(lines)
    for number in range(1, 21):
        lines = [DUMP, "local t = {}"]
        for _ in range(rng.randrange(5, 40)):
            lines.append(rng.choice([
                f"table.insert(t, {rng.randrange(100)})", f"table.insert(t, 1, {rng.randrange(100)})", "table.remove(t)", "table.remove(t, 1)",
                f"t[#t + 1] = {rng.randrange(100)}", f"t['{rng.choice(WORDS)}'] = {rng.randrange(100)}", f"t['{rng.choice(WORDS)}'] = nil", f"t[{rng.randrange(1, 20)}] = nil", "dump(t)"]))
        lines.append("dump(t)")
        yield "tables-edited", f"inserted and removed, sequence {number}", "\n".join(lines)
    for number in range(1, 21):
        keys = [key(rng, "mixed") for _ in range(rng.randrange(4, 30))]
        sets = "\n".join(f"t[{k}] = {i}" for i, k in enumerate(keys))
        yield "tables-traversed", f"assigning nil and values while traversing, {number}", f"""{DUMP}
local t = {{}}
{sets}
for k, v in pairs(t) do if v % 2 == 0 then t[k] = nil else t[k] = v + 100 end end
dump(t)
for k in pairs(t) do t[k] = nil end
dump(t)
t.again = 1 t[1] = 1 t[2] = 2
dump(t)
print(next(t), next({{}}), rawequal(next(t), next(t)))"""
    for step in (1, 2, 3, 7, 16, 100):
        yield "tables-assigned", f"a loop filling with step {step}, up and down", f"""{DUMP}
local up, down, mixed = {{}}, {{}}, {{}}
for i = 1, 200, {step} do up[i] = i mixed['k' .. i] = i mixed[i] = i end
for i = 200, 1, -{step} do down[i] = i end
dump(up) dump(down) dump(mixed)"""
    for count in (1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 65, 130):
        yield "tables-assigned", f"{count} generated string keys", f"""{DUMP}
local t = {{}}
for i = 1, {count} do t['key:' .. i] = i end
dump(t)
for i = 1, {count}, 3 do t['key:' .. i] = nil end
t.new = 0
dump(t)"""
        yield "tables-assigned", f"a map decoded field by field, {count} pairs", f"""{DUMP}
local flat, t = {{}}, {{}}
for i = 1, {count} do flat[#flat + 1] = 'field' .. i * 7 flat[#flat + 1] = 'value' .. i end
for i = 1, #flat, 2 do t[flat[i]] = flat[i + 1] end
dump(flat) dump(t)"""
