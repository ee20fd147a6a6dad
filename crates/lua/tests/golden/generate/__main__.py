"""Writes the matrix-like golden files below `generated/`: `python3 crates/lua/tests/golden/generate`.

Each module beside this one yields (file, case name, snippet). Outputs already in the files are kept
for snippets that did not change; bless the rest with `cargo run -p lua --example bless_golden` and
`bless_golden_redis`.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import controls
import formats
import libraries
import limits
import operators
import patterns
import redis_arguments
import redis_libraries
import syntax
import tables

GOLDEN = pathlib.Path(__file__).resolve().parent.parent
PLAIN = (operators, libraries, formats, patterns, tables, syntax, limits, controls)


def read_outputs(path):
    """The (name, source) -> output pairs of a golden file."""
    outputs = {}
    if not path.exists():
        return outputs
    for part in ("\n" + path.read_text()).split("\n--- ")[1:]:
        name, _, rest = part.partition("\n")
        source, _, output = rest.partition("\n--->")
        outputs[name, source.strip("\n")] = output.removeprefix("\n").rstrip("\n")
    return outputs


def write(target, modules):
    files = {}
    for module in modules:
        for file, name, source in module.cases():
            cases = files.setdefault(file, [])
            assert all(name != other for other, _ in cases), (file, name)
            cases.append((name, source.strip("\n")))
    target.mkdir(parents=True, exist_ok=True)
    for file, cases in sorted(files.items()):
        path = target / f"{file}.lua-golden"
        outputs = read_outputs(path)
        parts = ["Written by tests/golden/generate; outputs by a bless example.\n"]
        for name, source in cases:
            output = outputs.get((name, source))
            parts.append(f"--- {name}\n{source}\n--->\n" + (f"{output}\n\n" if output else "\n"))
        path.write_text("".join(parts).rstrip("\n") + "\n")
        print(f"{len(cases):5} {path.name}")
    print(f"{sum(map(len, files.values())):5} cases")


write(GOLDEN / "generated", PLAIN)
write(GOLDEN.parent / "golden-redis" / "generated", (redis_libraries, redis_arguments))
