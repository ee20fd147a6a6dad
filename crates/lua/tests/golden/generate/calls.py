"""Calls of a function with too few and too many arguments, and with every kind of argument in every position."""

# Shows a label and the values after it, each by a function `word` that is there already.
SHOW = """local function show(label, ...)
  local words = {}
  for i = 1, select('#', ...) do words[i] = word((select(i, ...))) end
  print(label, table.concat(words, ' '))
end"""


def line(label, call):
    return f"show('{label}', pcall(function() return {call} end))"


def of_every_count(line, function, valid):
    """The valid arguments, fewer and more."""
    lines = [line(function, f"{count} arguments", valid[:count]) for count in range(len(valid) + 1)]
    return lines + [line(function, "one more", valid + ["nil"]), line(function, "two more", valid + ["7", "'z'"])]


def of_every_kind(line, function, valid, position, kinds):
    """The valid arguments, but for the one at a position."""
    return [line(function, kind, valid[:position] + [value] + valid[position + 1:]) for kind, value in kinds]
