"""Numeric loops over boundary values, and expression shapes for which a compiler picks codes."""

LOOPS = [
    "1, 3", "3, 1", "1, 1", "1, 0", "1, 3, 1", "3, 1, -1", "1, 3, -1", "1, 2, 0.5", "0, 1, 0.25",
    "0.1, 0.5, 0.1", "1, 0.5", "-3, -1", "-1, -3, -2", "1, 10, 4", "10, 1, -4", "'1', 2", "1, '3'",
    "1, 3, '2'", "1, 3, 0", "3, 1, 0", "1, 1, 0", "1e15, 1e15 + 2", "9007199254740992, 9007199254740993",
    "1, math.huge", "-math.huge, 0", "math.huge, 1, -1", "1, -math.huge", "1, 0/0", "0/0, 1", "1, 2, 0/0",
    "'a', 2", "1, 'a'", "1, 2, 'a'", "nil, 2", "1, nil", "1, 2, nil", "{}, 1", "1, {}", "true, 1",
    "1, 2, true", "'0x10', 17", "' 5 ', 6", "-0, 0", "0, -0", "1.5, 3.2", "2^53 - 1, 2^53 + 3, 2",
]

EXPRESSIONS = [
    "a and b", "a or b", "not a", "a and b or c", "a or b and c", "(a or b) and c", "a and (b or c)",
    "not (a and b)", "not (a or b)", "not a and b", "not a or b", "a and not b", "a == b", "a ~= b",
    "a == b and c", "a == b or c", "not (a == b)", "(a == b) == c", "a and a == b", "a == nil",
    "a ~= nil and a or b", "a and nil", "a or nil", "a and false or true", "nil and a", "false or a",
    "true and a", "1 and a", "a and 1", "a and 1 or 2", "(a and b) == (b and a)", "a ~= b and b ~= c",
    "not not a and b", "a and b and c", "a or b or c", "a and b or not c", "(a and b or c) and 1 or 2",
    "a == b == c", "{a and b, a or b}[1]" , "f(a and b, a or c)", "f(f(a or b) and c)", "(f(a, b))",
    "#{a, b, c}", "(a and f or g)(b)", "(not a) == not b", "a and (b and (c and 1 or 2) or 3) or 4",
]


def cases():
    for loop in LOOPS:
        yield "control-numeric-for", f"for i = {loop}", f"""local n = 0
for i = {loop} do
  n = n + 1
  if n > 6 then print('...') break end
  print(i)
end
print(n)"""
    for expression in EXPRESSIONS:
        if expression.startswith("{"):
            expression = f"({expression[:-3]})[1]"
        yield "control-logic", f"value of {expression}", f"""local function f(x) return x end
local function g() return 'g' end
local row = ''
for _, a in ipairs{{true, false, 0}} do for _, b in ipairs{{true, false, ''}} do for _, c in ipairs{{true, false}} do
  local value = {expression}
  row = row .. tostring(value) .. ' '
end end print(row) row = '' end"""
        yield "control-conditions", f"if, while, repeat on {expression}", f"""local function f(x) return x end
local function g() return 'g' end
local function test(a, b, c)
  local seen = ''
  if {expression} then seen = seen .. 'i' else seen = seen .. 'e' end
  if not ({expression}) then seen = seen .. 'n' end
  while {expression} do seen = seen .. 'w' break end
  local turns = 0
  repeat turns = turns + 1 until ({expression}) or turns == 2
  local x = {expression}
  local y = not ({expression})
  return seen .. turns .. (x and 't' or 'f') .. tostring(y)
end
for _, a in ipairs{{true, false}} do for _, b in ipairs{{true, false}} do
  print(test(a, b, true), test(a, b, false), test(nil, b, nil))
end end"""
